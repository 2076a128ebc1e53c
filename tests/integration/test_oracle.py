"""The server against the oracle on models of odd shapes, in every variant of the checkpoint format."""

import dataclasses
import tempfile
import unittest
from pathlib import Path

import numpy as np
from attnd.v1 import inference_pb2 as pb

from integration.messages import array, forward_request, hidden_arrays, hidden_input, place_names, token_input
from integration.server_process import ServerProcess
from oracle import checkpoint
from oracle.compare import assert_close
from oracle.config import Config
from oracle.gpt2 import Gpt2, pool
from oracle.random_model import random_weights

TOLERANCE = 1e-5
PREFIX = "transformer."


@dataclasses.dataclass(frozen=True)
class Variant:
    config: Config
    dtype: str = "F32"
    prefix: str = ""
    repeat_tied_head: bool = False


# D = C / H, the channels of a head, is in the names.
VARIANTS = {
    "d11, odd everywhere": Variant(
        Config(vocab_size=101, n_positions=37, n_embd=33, n_head=3, n_layer=3, n_inner=71), prefix=PREFIX
    ),
    "d1, erf, f16, tied head stored twice": Variant(
        Config(vocab_size=67, n_positions=19, n_embd=5, n_head=5, n_layer=2, activation_function="gelu"),
        dtype="F16",
        repeat_tied_head=True,
    ),
    "d80, scaled by layer, bf16": Variant(
        Config(
            vocab_size=515, n_positions=65, n_embd=240, n_head=3, n_layer=4, scale_attn_by_inverse_layer_idx=True
        ),
        dtype="BF16",
        prefix=PREFIX,
    ),
    "d47, one head, a head of its own": Variant(
        Config(vocab_size=259, n_positions=50, n_embd=47, n_head=1, n_layer=2, n_inner=1, tie_word_embeddings=False)
    ),
    "d17, one layer, unscaled, f16, own head": Variant(
        Config(
            vocab_size=31,
            n_positions=33,
            n_embd=34,
            n_head=2,
            n_layer=1,
            activation_function="gelu",
            scale_attn_weights=False,
            tie_word_embeddings=False,
            layer_norm_epsilon=1e-3,
        ),
        dtype="F16",
        prefix=PREFIX,
    ),
    "d13, long": Variant(
        Config(vocab_size=1001, n_positions=515, n_embd=78, n_head=6, n_layer=2, n_inner=130), dtype="BF16"
    ),
}


class OracleTest(unittest.TestCase):
    def test_variants(self) -> None:
        for seed, (name, variant) in enumerate(VARIANTS.items()):
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                self._check_variant(variant, np.random.default_rng(seed), Path(folder))

    def _check_variant(self, variant: Variant, rng: np.random.Generator, folder: Path) -> None:
        checkpoint.write(
            folder,
            variant.config,
            random_weights(rng, variant.config),
            dtype=variant.dtype,
            prefix=variant.prefix,
            repeat_tied_head=variant.repeat_tied_head,
        )
        model = checkpoint.read(folder)
        longest = model.config.n_positions
        sequences = [rng.integers(model.config.vocab_size, size=count) for count in (1, 2, longest // 2, longest)]
        free_hidden = rng.standard_normal((longest, model.config.n_embd))
        inputs = [*map(token_input, sequences), hidden_input(free_hidden)]
        entering = [*map(model.embed, sequences), free_hidden.astype(np.float32)]
        with ServerProcess(f"--model={folder}") as server:
            self._check_forward(server, model, inputs, entering)
            self._check_embed(server, model, inputs, entering)

    def _check_forward(
        self, server: ServerProcess, model: Gpt2, inputs: list[pb.Input], entering: list[np.ndarray]
    ) -> None:
        names = place_names(model.config.n_layer)
        reply = server.stub.Forward(forward_request(inputs, names, logits=pb.POSITIONS_ALL))
        for hidden, result in zip(entering, reply.results, strict=True):
            places = model.forward(hidden)
            actual = hidden_arrays(result)
            for name, expected in zip(names, places, strict=True):
                assert_close(self, actual[name], expected, TOLERANCE)
            assert_close(self, array(result.logits), model.logits(places[-1]), TOLERANCE)

    def _check_embed(
        self, server: ServerProcess, model: Gpt2, inputs: list[pb.Input], entering: list[np.ndarray]
    ) -> None:
        for pooling, name in ((pb.POOLING_MEAN, "mean"), (pb.POOLING_LAST, "last")):
            for normalize in (False, True):
                request = pb.EmbedRequest(inputs=inputs, pooling=pooling, normalize=normalize)
                rows = array(server.stub.Embed(request).embeddings)
                for hidden, row in zip(entering, rows, strict=True):
                    assert_close(self, row, pool(model.forward(hidden)[-1], name, normalize), TOLERANCE)


if __name__ == "__main__":
    unittest.main()
