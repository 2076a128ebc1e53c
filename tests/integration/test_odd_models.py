"""Models of odd sizes, written in every way a checkpoint may be, against the oracle."""

import itertools
import tempfile
import unittest
from pathlib import Path

import numpy as np

from attnd.v1 import inference_pb2 as pb
from integration.messages import forward_request, hidden_input, ids_input, to_array
from integration.server_process import ServerProcess
from oracle import models
from oracle.gpt2 import Output, relative_error

TOLERANCE = 1e-5
POOLINGS = ((pb.POOLING_LAST, "last"), (pb.POOLING_MEAN, "mean"), (pb.POOLING_WEIGHTED_MEAN, "weighted_mean"))

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
        generator = np.random.default_rng(number)
        lengths = [1, 2, 7, 33, 69, config["n_positions"]]
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / name
            tensors = models.random_tensors(config, seed=number)
            named = {name if name == "lm_head.weight" else prefix + name: value for name, value in tensors.items()}
            models.write_folder(folder, config, named, dtype)
            # Reads back what rounding to `dtype` left.
            model = models.read_folder(folder)
            ids = [generator.integers(0, config["vocab_size"], length).tolist() for length in lengths]
            hidden = [generator.normal(0, 2, (length, config["n_embd"])).astype("<f4") for length in lengths]
            inputs = [ids_input(one) for one in ids] + [hidden_input(one) for one in hidden]
            expected = [model.forward(one) for one in ids] + [model.forward_hidden(one) for one in hidden]
            with ServerProcess(f"--model={folder}", "--threads=3") as server:
                self.check_forward(server, inputs, expected)
                self.check_embed(server, inputs, expected)

    def check_forward(self, server: ServerProcess, inputs: list[pb.Input], expected: list[Output]) -> None:
        """Every layer and the logits, at every position."""
        request = forward_request(inputs, list(expected[0].hidden), pb.POSITIONS_ALL)
        for result, output in zip(server.stub.Forward(request).results, expected, strict=True):
            for hidden in result.hidden_states:
                error = relative_error(to_array(hidden.values), output.hidden[hidden.layer])
                self.assertLess(error, TOLERANCE, f"{result.token_count} tokens, {hidden.layer}")
            error = relative_error(to_array(result.logits), output.logits())
            self.assertLess(error, TOLERANCE, f"{result.token_count} tokens, logits")

    def check_embed(self, server: ServerProcess, inputs: list[pb.Input], expected: list[Output]) -> None:
        """Every pooling, normalised and not, whole and cut."""
        for pooling, name in POOLINGS:
            for normalize, dimensions in itertools.product((True, False), (None, 4)):
                reply = server.stub.Embed(
                    pb.EmbedRequest(inputs=inputs, pooling=pooling, normalize=normalize, dimensions=dimensions))
                for row, output in zip(to_array(reply.embeddings), expected, strict=True):
                    error = relative_error(row, output.embedding(name, normalize, dimensions))
                    self.assertLess(error, TOLERANCE, f"{name}, normalize {normalize}, dimensions {dimensions}")

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
