"""The default model, 16 layers of 768 channels drawn from a seed, against the oracle."""

import hashlib
import unittest

import numpy as np
from attnd.v1 import inference_pb2 as pb

from integration.messages import array, forward_request, hidden_arrays, place_names, token_input
from integration.server_process import ServerTestCase
from oracle.compare import assert_close
from oracle.config import Config
from oracle.gpt2 import Gpt2
from oracle.seeded import seeded_weights

TOLERANCE = 1e-5
SEED = 7
READY_LIMIT_S = 10
PLACES = ("embeddings", "h.0", "h.7", "h.15", "ln_f")
RAGGED_LENGTHS = (1, 512, 33, 200, 7, 128, 411, 64)


class FullSizeTest(ServerTestCase):
    flags = (f"--seed={SEED}",)

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.config = Config()
        cls.weights = seeded_weights(SEED, cls.config)
        cls.oracle = Gpt2(cls.config, cls.weights)
        cls.rng = np.random.default_rng(SEED)

    def test_ready_in_time(self) -> None:
        print(f"ready {self.server.seconds_to_ready:.2f} s after the start of the process")
        self.assertLessEqual(self.server.seconds_to_ready, READY_LIMIT_S)

    def test_model(self) -> None:
        model = self.server.stub.GetModel(pb.GetModelRequest())
        digest = hashlib.sha256()
        for tensor in self.weights.values():
            digest.update(tensor.astype("<f4").tobytes())
        self.assertEqual(model.weights_sha256, digest.hexdigest())
        self.assertEqual(model.parameter_count, 152_791_296)
        self.assertEqual(model.config.layer_count, 16)
        self.assertEqual(model.config.embedding_length, 768)

    def test_longest_sequence(self) -> None:
        ids = self.rng.integers(self.config.vocab_size, size=self.config.n_positions)
        (result,) = self._forward([ids])
        self._check(ids, result)

    def test_ragged_batch(self) -> None:
        sequences = [self.rng.integers(self.config.vocab_size, size=length) for length in RAGGED_LENGTHS]
        batched = self._forward(sequences)
        for ids, result in zip(sequences, batched, strict=True):
            with self.subTest(tokens=len(ids)):
                self._check(ids, result)
                self.assertEqual(self._forward([ids]), [result])

    def _forward(self, sequences: list[np.ndarray]) -> list[pb.ForwardResult]:
        request = forward_request(list(map(token_input, sequences)), PLACES, logits=pb.POSITIONS_LAST)
        return list(self.server.stub.Forward(request).results)

    def _check(self, ids: np.ndarray, result: pb.ForwardResult) -> None:
        expected = dict(zip(place_names(self.config.n_layer), self.oracle.forward(self.oracle.embed(ids))))
        actual = hidden_arrays(result)
        for place in PLACES:
            assert_close(self, actual[place], expected[place], TOLERANCE)
        assert_close(self, array(result.logits), self.oracle.logits(expected["ln_f"][-1:]), TOLERANCE)


if __name__ == "__main__":
    unittest.main()
