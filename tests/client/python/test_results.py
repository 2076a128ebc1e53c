"""What Client and AsyncClient return: the golden checkpoint's numbers, in numpy's arrays."""

import unittest

import grpc
import numpy as np

import attnd
from client.python.callers import of_both
from integration.server_process import ServerProcess
from oracle import golden
from oracle.gpt2 import relative_error

TOLERANCE = 1e-5
FOLDER = golden.folder("tiny")
LAYERS = ["embeddings", "h.0", "ln_f"]


class ResultsTest(unittest.TestCase):
    """Every test once for each client, on one server."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(ServerProcess(f"--model={FOLDER}"))
        cls.cases = golden.cases(FOLDER, layer_count=2)
        cls.inputs = [case.ids for case in cls.cases]
        cls.longest = max(cls.cases, key=lambda case: len(case.ids))

    def assertClose(self, actual: np.ndarray, expected: np.ndarray, tolerance: float = TOLERANCE) -> None:
        self.assertEqual((actual.dtype, actual.shape), (np.dtype(np.float32), expected.shape))
        self.assertTrue(actual.flags.writeable)
        self.assertLess(relative_error(actual, expected), tolerance)

    @of_both
    def test_forward_gives_the_golden_hidden_states_and_logits(self, caller) -> None:
        reply = caller.call("forward", self.inputs, hidden_states=dict.fromkeys(LAYERS, "all"), logits="all")
        for result, case in zip(reply.results, self.cases, strict=True):
            self.assertEqual((result.token_count, list(result.hidden_states)), (len(case.ids), LAYERS))
            for layer in LAYERS:
                self.assertClose(result.hidden_states[layer], case.hidden[layer])
            self.assertClose(result.logits, case.logits)
            self.assertIsNone(result.top_k)
            self.assertIsNone(result.score)
        self.assertGreater(reply.timing.batch_tokens, 0)
        self.assertRegex(reply.model_version, r"^[0-9a-f]{12}-1$")
        self.assertRegex(reply.request_id, r"^[0-9a-f]{32}$")

    @of_both
    def test_positions_are_the_last_one_all_or_those_listed(self, caller) -> None:
        case = self.longest
        reply = caller.call("forward", [case.ids], hidden_states={"h.0": [2, 0], "ln_f": "last"}, logits=[1])
        [result] = reply.results
        self.assertClose(result.hidden_states["h.0"], case.hidden["h.0"][[2, 0]])
        self.assertClose(result.hidden_states["ln_f"], case.hidden["ln_f"][-1:])
        self.assertClose(result.logits, case.logits[1:2])
        [result] = caller.call("forward", [case.ids], hidden_states=["ln_f"]).results
        self.assertClose(result.hidden_states["ln_f"], case.hidden["ln_f"][-1:])

    @of_both
    def test_inputs_are_lists_arrays_texts_bytes_or_hidden_states(self, caller) -> None:
        ids = caller.call("tokenize", "Hello world").ids
        expected = caller.call("embed", [ids.tolist()]).embeddings[0]
        states = caller.call("forward", [ids], hidden_states={"embeddings": "all"}).results[0].hidden_states
        forms = [ids, ids.astype(np.uint16), "Hello world", b"Hello world", states["embeddings"],
                 states["embeddings"].astype(np.float64)]
        for row in caller.call("embed", forms).embeddings:
            self.assertEqual(row.tobytes(), expected.tobytes())

    @of_both
    def test_embed_gives_the_golden_vectors(self, caller) -> None:
        for pooling, field in (("mean", "mean"), ("last", "last")):
            reply = caller.call("embed", self.inputs, pooling=pooling)
            self.assertClose(reply.embeddings, np.stack([getattr(case, field) for case in self.cases]))
        self.assertEqual(reply.token_counts.tolist(), [len(case.ids) for case in self.cases])
        self.assertEqual(reply.truncated_from.tolist(), [0] * len(self.cases))
        short = caller.call("embed", self.inputs, pooling="mean", normalize=False, dimensions=5)
        self.assertEqual(short.embeddings.shape, (len(self.cases), 5))

    @of_both
    def test_shorter_types_arrive_as_float32(self, caller) -> None:
        exact = caller.call("embed", self.inputs).embeddings
        for data_type, tolerance in (("float16", 1e-3), ("bfloat16", 1e-2), ("int8", 2e-2)):
            self.assertClose(caller.call("embed", self.inputs, data_type=data_type).embeddings, exact, tolerance)
        reply = caller.call("forward", [self.longest.ids], hidden_states=["ln_f"], hidden_states_data_type="bfloat16",
                            logits="last", logits_data_type="float16")
        self.assertClose(reply.results[0].hidden_states["ln_f"], self.longest.hidden["ln_f"][-1:], 1e-2)
        self.assertClose(reply.results[0].logits, self.longest.logits[-1:], 1e-3)

    @of_both
    def test_scores_and_likeliest_tokens_are_those_of_the_logits(self, caller) -> None:
        case = self.longest
        log_probabilities = case.logits - np.log(np.exp(case.logits).sum(axis=1, keepdims=True))
        each = log_probabilities[np.arange(len(case.ids) - 1), case.ids[1:]]
        [score] = caller.call("score", [case.ids])
        self.assertEqual(score.token_ids.tolist(), case.ids)
        self.assertClose(score.log_probabilities, each)
        self.assertAlmostEqual(score.sum, each.sum(), places=3)
        self.assertAlmostEqual(score.perplexity, np.exp(-each.mean()), delta=1e-3 * np.exp(-each.mean()))
        [alone] = caller.call("score", [[7]])
        self.assertEqual((alone.sum, alone.perplexity, alone.log_probabilities.shape), (0, 1, (0,)))
        [top] = caller.call("top_k", [case.ids], 3, "all")
        expected = np.argsort(-case.logits, axis=1, kind="stable")[:, :3]
        self.assertEqual(top.positions.tolist(), list(range(len(case.ids))))
        self.assertEqual(top.ids.tolist(), expected.tolist())
        self.assertClose(top.logits, np.take_along_axis(case.logits, expected, axis=1))
        self.assertClose(top.log_probabilities, np.take_along_axis(log_probabilities, expected, axis=1))
        [last] = caller.call("top_k", [case.ids], 2)
        self.assertEqual(last.ids.tolist(), expected[-1:, :2].tolist())

    @of_both
    def test_tokens_of_a_text_and_back(self, caller) -> None:
        tokens = caller.call("tokenize", "Hello world")
        self.assertEqual(tokens.ids.tolist(), [40, 69, 293, 79, 266, 279, 76, 68])
        self.assertEqual((tokens.begins[0], tokens.ends[-1]), (0, 11))
        back = caller.call("detokenize", tokens.ids)
        self.assertEqual((back.text, back.ends.tolist()), ("Hello world", tokens.ends.tolist()))
        broken = caller.call("tokenize", b"\xff\xfe")
        whole = caller.call("detokenize", broken.ids, skip_special_tokens=True)
        self.assertEqual(whole.data, b"\xff\xfe")
        with self.assertRaises(UnicodeDecodeError):
            _ = whole.text

    @of_both
    def test_a_text_that_was_cut_says_so(self, caller) -> None:
        text = "layers " * 500
        reply = caller.call("embed", [text, "short"], truncate=True)
        self.assertEqual(reply.token_counts[0], 64)
        self.assertEqual(reply.truncated_from.tolist(), [len(caller.call("tokenize", text).ids), 0])
        self.assertEqual(caller.call("forward", [text], logits="last", truncate=True).results[0].truncated_from,
                         reply.truncated_from[0])

    @of_both
    def test_the_model_and_the_health_of_its_server(self, caller) -> None:
        model = caller.call("get_model")
        self.assertEqual((model.config.embedding_length, model.config.vocabulary_size), (64, 512))
        self.assertEqual(model.server_version, attnd.__version__)
        self.assertEqual(caller.call("health"), attnd.HealthStatus.SERVING)
        self.assertEqual(caller.call("health", "attnd.v1.InferenceService"), attnd.HealthStatus.SERVING)
        with self.assertRaises(attnd.CallError) as raised:
            caller.call("health", "elsewhere")
        self.assertEqual(raised.exception.code, grpc.StatusCode.NOT_FOUND)
        caller.call("wait_until_serving", timeout_s=30)


if __name__ == "__main__":
    unittest.main()
