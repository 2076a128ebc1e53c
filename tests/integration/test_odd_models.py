"""Models of odd sizes, written in every way a checkpoint may be, against the oracle."""

import tempfile
import unittest
from pathlib import Path

import numpy as np

from attnd.v1 import inference_pb2 as pb
from integration.messages import forward_request, ids_input, to_array
from integration.server_process import ServerProcess
from oracle import models
from oracle.gpt2 import relative_error

TOLERANCE = 1e-5

# Name, what differs from the small model below, data type, prefix of names.
VARIANTS = [
    ("odd_sizes", {"n_embd": 33, "n_head": 3, "n_inner": 77, "vocab_size": 101}, "F32", ""),
    ("one_channel_heads", {"n_embd": 5, "n_head": 5}, "F32", "transformer."),
    ("wide_heads", {"n_embd": 160, "n_head": 2}, "F16", "transformer."),
    ("erf_gelu_scaled_by_layer", {"activation_function": "gelu", "scale_attn_by_inverse_layer_idx": True}, "BF16", ""),
    ("unscaled_attention", {"scale_attn_weights": False, "layer_norm_epsilon": 0.1}, "F32", "transformer."),
    ("untied_head", {"tie_word_embeddings": False, "vocab_size": 2500}, "F32", ""),
]


class OddModelsTest(unittest.TestCase):
    """One server a model."""

    def check(self, number: int) -> None:
        name, changes, dtype, prefix = VARIANTS[number]
        config = {"n_embd": 48, "n_head": 4, "n_layer": 3, "n_positions": 70, "vocab_size": 300} | changes
        tensors = models.random_tensors(config, seed=number)
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / name
            named = {name if name == "lm_head.weight" else prefix + name: value for name, value in tensors.items()}
            models.write_folder(folder, config, named, dtype)
            # Reads back what rounding to `dtype` left.
            model = models.read_folder(folder)
            with ServerProcess(f"--model={folder}", "--threads=3") as server:
                generator = np.random.default_rng(number)
                lengths = [1, 2, 7, 33, 69, config["n_positions"]]
                inputs = [generator.integers(0, config["vocab_size"], length).tolist() for length in lengths]
                layers = ["embeddings", "h.0", "h.1", "h.2", "ln_f"]
                request = forward_request([ids_input(ids) for ids in inputs], layers, pb.POSITIONS_ALL)
                for ids, result in zip(inputs, server.stub.Forward(request).results, strict=True):
                    expected = model.forward(ids)
                    for hidden in result.hidden_states:
                        error = relative_error(to_array(hidden.values), expected.hidden[hidden.layer])
                        self.assertLess(error, TOLERANCE, f"{name}, {len(ids)} tokens, {hidden.layer}")
                    error = relative_error(to_array(result.logits), expected.logits())
                    self.assertLess(error, TOLERANCE, f"{name}, {len(ids)} tokens, logits")

    def test_odd_sizes(self) -> None:
        self.check(0)

    def test_one_channel_heads(self) -> None:
        self.check(1)

    def test_wide_heads(self) -> None:
        self.check(2)

    def test_erf_gelu_scaled_by_layer(self) -> None:
        self.check(3)

    def test_unscaled_attention(self) -> None:
        self.check(4)

    def test_untied_head(self) -> None:
        self.check(5)


if __name__ == "__main__":
    unittest.main()
