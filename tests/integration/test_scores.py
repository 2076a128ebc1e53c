"""The likeliest tokens, log-probabilities and listed positions of the golden checkpoints, against their logits in double."""

import unittest

import numpy as np

from attnd.v1 import inference_pb2 as pb
from integration.messages import forward_request, hidden_input, ids_input, to_array
from integration.server_process import ServerProcess
from oracle import golden, models

TOLERANCE = 1e-4
K = 9


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Over the last axis."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def score_request(inputs: list[pb.Input]) -> pb.ForwardRequest:
    """Everything that is made of logits, at all positions."""
    return pb.ForwardRequest(inputs=inputs, top_k=pb.TopKSelection(k=K, positions=pb.POSITIONS_ALL),
                             token_log_probabilities=True)


class ScoresTest(unittest.TestCase):
    """One server a checkpoint."""

    def check(self, name: str) -> None:
        folder = golden.folder(name)
        cases = golden.cases(folder, models.read_folder(folder).config["n_layer"])
        inputs = [ids_input(case.ids) for case in cases]
        with ServerProcess(f"--model={folder}") as server:
            results = server.stub.Forward(score_request(inputs)).results
            for case, result in zip(cases, results, strict=True):
                log_probabilities = log_softmax(case.logits.astype(np.float64))
                self.check_tokens(case, result, log_probabilities)
                self.check_top(result, log_probabilities)
            for one, result in zip(inputs, results, strict=True):
                self.assertEqual(server.stub.Forward(score_request([one])).results[0], result)
            item = pb.ForwardStreamRequest(input=inputs[0], token_log_probabilities=True,
                                           top_k=pb.TopKSelection(k=K, positions=pb.POSITIONS_ALL))
            [reply] = server.stub.ForwardStream(iter([item]), timeout=60)
            self.assertEqual(reply.result, results[0])
            self.check_listed(server, [one for one, case in zip(inputs, cases, strict=True) if len(case.ids) > 3])

    def check_tokens(self, case: golden.Case, result: pb.ForwardResult, log_probabilities: np.ndarray) -> None:
        scored = result.token_log_probabilities
        expected = log_probabilities[np.arange(len(case.ids) - 1), case.ids[1:]]
        self.assertEqual(list(scored.token_ids), case.ids)
        np.testing.assert_allclose(scored.log_probabilities, expected, rtol=TOLERANCE, atol=TOLERANCE)
        self.assertLessEqual(abs(scored.sum - expected.sum()), TOLERANCE * abs(expected.sum()))

    def check_top(self, result: pb.ForwardResult, log_probabilities: np.ndarray) -> None:
        self.assertEqual([top.position for top in result.top_k], list(range(result.token_count)))
        for top, row in zip(result.top_k, log_probabilities, strict=True):
            # Two tokens may change places where their logits differ by less than rounding does.
            np.testing.assert_allclose(top.log_probabilities, row[list(top.ids)], rtol=TOLERANCE, atol=TOLERANCE)
            np.testing.assert_allclose(top.log_probabilities, np.sort(row)[::-1][:K], rtol=TOLERANCE, atol=TOLERANCE)
            self.assertEqual(list(top.logits), sorted(top.logits, reverse=True))
            self.assertEqual(len(set(top.ids)), K)

    def check_listed(self, server: ServerProcess, inputs: list[pb.Input]) -> None:
        """Listed positions have the bytes of the same rows of all."""
        listed = [2, 0, 3]
        all_rows = server.stub.Forward(forward_request(inputs, ["embeddings", "ln_f"], pb.POSITIONS_ALL)).results
        request = forward_request(inputs, ["embeddings", "ln_f"], pb.POSITIONS_LISTED, listed)
        for hidden in request.hidden_states:
            hidden.positions = pb.POSITIONS_LISTED
            hidden.listed_positions.extend(listed)
        for result, expected in zip(server.stub.Forward(request).results, all_rows, strict=True):
            for hidden, rows in zip(result.hidden_states, expected.hidden_states, strict=True):
                np.testing.assert_array_equal(to_array(hidden.values), to_array(rows.values)[listed])
            np.testing.assert_array_equal(to_array(result.logits), to_array(expected.logits)[listed])

    def test_tiny(self) -> None:
        self.check("tiny")

    def test_stack16(self) -> None:
        self.check("stack16")

    def test_one_token_has_no_log_probability_and_a_sum_of_zero(self) -> None:
        with ServerProcess(f"--model={golden.folder('tiny')}") as server:
            request = pb.ForwardRequest(inputs=[ids_input([7])], token_log_probabilities=True)
            [result] = server.stub.Forward(request).results
            self.assertTrue(result.HasField("token_log_probabilities"))
            self.assertEqual(list(result.token_log_probabilities.log_probabilities), [])
            self.assertEqual(result.token_log_probabilities.sum, 0)

    def test_hidden_states_that_overflow_the_model_have_an_order_and_no_probability(self) -> None:
        with ServerProcess(f"--model={golden.folder('tiny')}") as server:
            signs = np.where(np.arange(4 * 64).reshape(4, 64) % 3 == 0, -1, 1)
            request = pb.ForwardRequest(inputs=[hidden_input(3e38 * signs), ids_input([1])],
                                        top_k=pb.TopKSelection(k=3))
            overflown, good = server.stub.Forward(request).results
            self.assertEqual(list(overflown.top_k[0].ids), [0, 1, 2])
            self.assertTrue(np.isnan(overflown.top_k[0].log_probabilities).all())
            self.assertTrue(np.isfinite(good.top_k[0].log_probabilities).all())


if __name__ == "__main__":
    unittest.main()
