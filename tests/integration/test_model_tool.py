"""What attnd-model writes, and every form a checkpoint comes in, served and compared with the oracle.

Half precision moves a model: rounding a weight to bfloat16 changes it by at most 2^-8 of its size, to float16 by 2^-11.
How far outputs move is measured here too, by the oracle in double on the same rounded weights; attnd must agree with
that to float32's precision, and so is as close to the original as half precision lets anybody be.
"""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import numpy as np
from safetensors import safe_open

from attnd.v1 import inference_pb2 as pb
from integration.messages import forward_request, ids_input, to_array
from integration.server_process import ServerProcess
from oracle import golden, models, safetensors
from oracle.gpt2 import Gpt2, relative_error

TOLERANCE = 1e-5
SHARDS = 3
# Largest relative change of any output of the golden models by rounding their weights: twice what was measured, 6.9e-3
# and 8.8e-4 on the model of 2 layers, 8.9e-3 and 1.2e-3 on that of 16.
ROUNDING = {"bf16": 1.8e-2, "f16": 2.4e-3}


def attnd_model(*arguments: str) -> dict:
    """Runs the tool; what it prints for programs."""
    command = [os.environ["ATTND_MODEL"], *map(str, arguments), "--output=json"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout)


def layers_of(model: Gpt2) -> list[str]:
    """Every place of the stack."""
    return ["embeddings", *(f"h.{layer}" for layer in range(model.config["n_layer"])), "ln_f"]


def serve(folder: Path, ids: list[list[int]], layers: list[str]) -> list[pb.ForwardResult]:
    """Hidden states at `layers` and logits of all positions, of a server of `folder` that hashes it as the tool does."""
    with ServerProcess(f"--model={folder}") as server:
        sha256 = attnd_model("inspect", folder)["weights_sha256"]
        assert server.stub.GetModel(pb.GetModelRequest()).weights_sha256 == sha256
        request = forward_request([ids_input(one) for one in ids], layers, pb.POSITIONS_ALL)
        return list(server.stub.Forward(request).results)


class ModelToolTest(unittest.TestCase):
    """A folder a test."""

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def check(self, folder: Path, model: Gpt2, ids: list[list[int]]) -> None:
        """What a server of `folder` gives is what the oracle gives for `model`."""
        layers = layers_of(model)
        for one, result in zip(ids, serve(folder, ids, layers), strict=True):
            expected = model.forward(one)
            for hidden in result.hidden_states:
                error = relative_error(to_array(hidden.values), expected.hidden[hidden.layer])
                self.assertLess(error, TOLERANCE, f"{len(one)} tokens, {hidden.layer}")
            self.assertLess(relative_error(to_array(result.logits), expected.logits()), TOLERANCE)

    def random_ids(self, config: dict) -> list[list[int]]:
        generator = np.random.default_rng(5)
        return [generator.integers(0, config["vocab_size"], length).tolist() for length in (1, 7, config["n_positions"])]

    def init(self, name: str, *flags: str) -> Path:
        shape = ("--layers=12", "--width=48", "--heads=4", "--context=40", "--vocabulary=300")
        attnd_model("init", self.folder / name, *shape, *flags)
        return self.folder / name

    def test_a_new_model_equals_the_oracle(self) -> None:
        for number, flags in enumerate(((), ("--tied_head=false", "--feed_forward=70"), ("--dtype=bf16",))):
            with self.subTest(flags):
                folder = self.init(str(number), *flags)
                model = models.read_folder(folder)
                self.check(folder, model, self.random_ids(model.config))

    def test_a_new_model_has_the_names_and_shapes_that_transformers_gives(self) -> None:
        folder = self.init("new")
        config = json.loads((folder / "config.json").read_text())
        tensors = safetensors.read(folder / "model.safetensors")
        expected = {f"transformer.{name}": shape for name, shape in models.parameters(config)}
        self.assertEqual({name: tensor.shape for name, tensor in tensors.items()}, expected)
        # As transformers 5.12 saves a model, but for its version and the newer name of the type.
        saved = json.loads((golden.folder("tiny") / "config.json").read_text())
        self.assertEqual(set(saved) - {"dtype", "transformers_version", "pad_token_id"}, set(config) - {"torch_dtype"})

    def test_the_reference_implementation_of_safetensors_reads_the_same(self) -> None:
        for dtype, numpy_type in (("f32", "float32"), ("f16", "float16")):
            path = self.init(dtype, f"--dtype={dtype}") / "model.safetensors"
            ours = safetensors.read(path)
            with safe_open(path, framework="numpy") as file:
                self.assertEqual(file.metadata(), {"format": "pt"})  # without which transformers refuses it
                self.assertEqual(set(file.keys()), set(ours))
                for name, tensor in ours.items():
                    self.assertEqual(file.get_tensor(name).dtype, numpy_type)
                    np.testing.assert_array_equal(file.get_tensor(name), tensor)

    def test_a_grown_model_gives_the_bytes_of_the_one_it_was_grown_from(self) -> None:
        small = self.init("small", "--seed=3")
        ids = self.random_ids(json.loads((small / "config.json").read_text()))
        expected = serve(small, ids, ["embeddings", "ln_f"])
        for place in ("end", "spread"):
            with self.subTest(place):
                grown = self.folder / place
                attnd_model("grow", small, grown, "--layers=16", f"--new_layers={place}")
                self.assertEqual(serve(grown, ids, ["embeddings", "ln_f"]), expected)
                self.check(grown, models.read_folder(grown), ids)

    def check_golden(self, name: str) -> None:
        """Sharded, and in half precision."""
        source = golden.folder(name)
        original = models.read_folder(source)
        cases = golden.cases(source, original.config["n_layer"])
        ids = [case.ids for case in cases]
        sharded = self.folder / "sharded"
        models.write_shards(sharded, original.config, safetensors.read(source / "model.safetensors"), SHARDS)
        self.check(sharded, original, ids)
        whole = self.folder / "whole"
        attnd_model("convert", sharded, whole, "--dtype=f32")
        self.check(whole, original, ids)
        for dtype, largest in ROUNDING.items():
            with self.subTest(dtype):
                converted = self.folder / dtype
                attnd_model("convert", source, converted, f"--dtype={dtype}")
                self.assertTrue((converted / "tokenizer.json").exists())
                rounded = models.read_folder(converted)
                self.check(converted, rounded, ids)
                self.check_rounding(dtype, original, rounded, ids, largest)
                halves = self.folder / f"sharded-{dtype}"
                tensors = safetensors.read(converted / "model.safetensors")
                models.write_shards(halves, rounded.config, tensors, SHARDS, dtype.upper())
                self.check(halves, rounded, ids)

    def check_rounding(self, dtype: str, original: Gpt2, rounded: Gpt2, ids: list[list[int]], largest: float) -> None:
        """Weights are rounded to the nearest, and move outputs as far as that does."""
        unit, least = {"bf16": (2.0**-8, 0), "f16": (2.0**-11, 2.0**-25)}[dtype]
        for name, tensor in rounded.tensors.items():
            exact = original.tensors[name]
            # Float16s below 2^-14 are subnormal: multiples of 2^-24.
            self.assertTrue(np.all(np.abs(tensor - exact) <= np.maximum(unit * np.abs(exact), least)), name)
        errors = []
        for one in ids:
            before, after = original.forward(one), rounded.forward(one)
            errors += [relative_error(after.hidden[layer], before.hidden[layer]) for layer in layers_of(original)]
            errors.append(relative_error(after.logits(), before.logits()))
        print(f"rounding to {dtype} moves outputs by at most {max(errors):.1e}")
        self.assertLess(max(errors), largest)

    def test_forms_of_tiny(self) -> None:
        self.check_golden("tiny")

    def test_forms_of_stack16(self) -> None:
        self.check_golden("stack16")


if __name__ == "__main__":
    unittest.main()
