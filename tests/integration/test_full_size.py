"""The default model, 16 layers of 768 channels with seeded weights, against the oracle."""

import hashlib
import unittest

import numpy as np

from attnd.v1 import inference_pb2 as pb
from integration.messages import forward_request, ids_input, to_array
from integration.server_process import ServerProcess
from oracle import models
from oracle.gpt2 import Gpt2, relative_error

TOLERANCE = 1e-5
SEED = 20261123
PARAMETER_COUNT = 152_791_296
LAYERS = ["embeddings", "h.0", "h.7", "h.15", "ln_f"]
BATCH_LENGTHS = [1, 2, 17, 64, 128, 255, 300, 512]


class FullSizeTest(unittest.TestCase):
    """One server and one oracle for all tests."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(ServerProcess(f"--seed={SEED}"))
        print(f"ready after {cls.server.seconds_to_ready:.2f} s")
        cls.tensors = models.seeded_tensors(models.DEFAULT_CONFIG, SEED)
        cls.oracle = Gpt2(models.DEFAULT_CONFIG, cls.tensors)
        cls.generator = np.random.default_rng(SEED)

    def random_ids(self, length: int) -> list[int]:
        return self.generator.integers(0, models.DEFAULT_CONFIG["vocab_size"], length).tolist()

    def check(self, ids: list[int], result: pb.ForwardResult) -> float:
        """Every output of one sequence; returns the largest relative error."""
        expected = self.oracle.forward(ids)
        errors = [
            relative_error(to_array(hidden.values), expected.hidden[hidden.layer]) for hidden in result.hidden_states
        ]
        last_logits = expected.hidden["ln_f"][-1:] @ expected.head.T
        errors.append(relative_error(to_array(result.logits), last_logits))
        self.assertLess(max(errors), TOLERANCE)
        return max(errors)

    def test_describes_its_weights(self) -> None:
        model = self.server.stub.GetModel(pb.GetModelRequest())
        self.assertEqual(model.parameter_count, PARAMETER_COUNT)
        digest = hashlib.sha256()
        for tensor in self.tensors.values():
            digest.update(tensor.astype("<f4").tobytes())
        self.assertEqual(model.weights_sha256, digest.hexdigest())

    def test_longest_sequence_equals_oracle(self) -> None:
        ids = self.random_ids(1024)
        reply = self.server.stub.Forward(forward_request([ids_input(ids)], LAYERS, pb.POSITIONS_LAST))
        error = self.check(ids, reply.results[0])
        print(f"1024 tokens: largest relative error {error:.1e}, compute {reply.timing.compute_seconds:.2f} s")

    def test_ragged_batch_equals_oracle_and_its_sequences_alone(self) -> None:
        batch = [self.random_ids(length) for length in BATCH_LENGTHS]
        request = forward_request([ids_input(ids) for ids in batch], LAYERS, pb.POSITIONS_LAST)
        together = self.server.stub.Forward(request)
        self.assertEqual(together.timing.batch_count, 1)
        self.assertEqual(together.timing.batch_tokens, sum(BATCH_LENGTHS))
        for ids, result in zip(batch, together.results, strict=True):
            error = self.check(ids, result)
            print(f"{len(ids)} tokens of a batch: largest relative error {error:.1e}")
            alone = self.server.stub.Forward(forward_request([ids_input(ids)], LAYERS, pb.POSITIONS_LAST))
            self.assertEqual(alone.results[0], result, "alone and in a batch differ")


if __name__ == "__main__":
    unittest.main()
