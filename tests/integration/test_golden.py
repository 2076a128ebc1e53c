"""The server against results of Hugging Face transformers."""

import unittest
from pathlib import Path

from attnd.v1 import inference_pb2 as pb

from integration.messages import array, forward_request, hidden_arrays, hidden_input, place_names, token_input
from integration.server_process import ServerTestCase
from oracle import golden
from oracle.compare import assert_close

TOLERANCE = 1e-5


class GoldenTests:
    """What holds for every golden checkpoint."""

    folder: Path

    @classmethod
    def setUpClass(cls) -> None:
        cls.flags = (f"--model={cls.folder}",)
        super().setUpClass()
        model = cls.server.stub.GetModel(pb.GetModelRequest())
        cls.places = place_names(model.config.layer_count)
        cls.cases = golden.read_cases(cls.folder, model.config.layer_count)
        cls.inputs = [token_input(case.ids) for case in cls.cases]

    def test_hidden_states_and_logits(self) -> None:
        results = self._forward(self.inputs)
        self.assertEqual(len(results), len(self.cases))
        for case, result in zip(self.cases, results):
            with self.subTest(tokens=len(case.ids)):
                self._check_result(case, result)

    def test_alone_as_in_a_batch(self) -> None:
        batched = self._forward(self.inputs)
        alone = [result for one in self.inputs for result in self._forward([one])]
        self.assertEqual(batched, alone)

    def test_embeddings_fed_back(self) -> None:
        results = self._forward(self.inputs)
        embedded = [hidden_input(hidden_arrays(result)["embeddings"]) for result in results]
        self.assertEqual(self._forward(embedded), results)

    def test_embed_mean(self) -> None:
        self._check_embed(pb.POOLING_MEAN, [case.mean for case in self.cases])

    def test_embed_last(self) -> None:
        self._check_embed(pb.POOLING_LAST, [case.last for case in self.cases])

    def test_embed_without_normalizing(self) -> None:
        request = pb.EmbedRequest(inputs=self.inputs, pooling=pb.POOLING_MEAN, normalize=False)
        for case, row in zip(self.cases, array(self.server.stub.Embed(request).embeddings), strict=True):
            assert_close(self, row, case.final.mean(axis=0), TOLERANCE)

    def test_last_position_is_a_row_of_all(self) -> None:
        request = forward_request(self.inputs, self.places, pb.POSITIONS_LAST, pb.POSITIONS_LAST)
        last_results = self.server.stub.Forward(request).results
        for last, result in zip(last_results, self._forward(self.inputs), strict=True):
            for hidden, all_hidden in zip(last.hidden_states, result.hidden_states, strict=True):
                self.assertEqual(array(hidden.values).tobytes(), array(all_hidden.values)[-1:].tobytes())
            self.assertEqual(array(last.logits).tobytes(), array(result.logits)[-1:].tobytes())

    def _forward(self, inputs: list[pb.Input]) -> list[pb.ForwardResult]:
        """Everything there is to know about the inputs."""
        request = forward_request(inputs, self.places, logits=pb.POSITIONS_ALL)
        return list(self.server.stub.Forward(request).results)

    def _check_result(self, case: golden.GoldenCase, result: pb.ForwardResult) -> None:
        self.assertEqual(result.token_count, len(case.ids))
        hidden = hidden_arrays(result)
        self.assertEqual(list(hidden), self.places)
        for place, expected in zip(self.places, case.hidden):
            assert_close(self, hidden[place], expected, TOLERANCE)
        assert_close(self, hidden["ln_f"], case.final, TOLERANCE)
        assert_close(self, array(result.logits), case.logits, TOLERANCE)

    def _check_embed(self, pooling: pb.Pooling, expected_rows: list) -> None:
        batched = self.server.stub.Embed(pb.EmbedRequest(inputs=self.inputs, pooling=pooling))
        self.assertEqual(list(batched.token_counts), [len(case.ids) for case in self.cases])
        rows = array(batched.embeddings)
        for one, row, expected in zip(self.inputs, rows, expected_rows, strict=True):
            assert_close(self, row, expected, TOLERANCE)
            alone = self.server.stub.Embed(pb.EmbedRequest(inputs=[one], pooling=pooling))
            self.assertEqual(alone.embeddings.data, row.tobytes())


class TinyGoldenTest(GoldenTests, ServerTestCase):
    folder = golden.TINY


@unittest.skipUnless(golden.STACK16.is_dir(), golden.STACK16_MISSING)
class Stack16GoldenTest(GoldenTests, ServerTestCase):
    folder = golden.STACK16


if __name__ == "__main__":
    unittest.main()
