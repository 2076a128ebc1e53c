"""Models to test with: from a folder, from a seed, at random."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from oracle import safetensors
from oracle.gpt2 import Gpt2

DEFAULT_CONFIG = {
    "model_type": "gpt2",
    "vocab_size": 50257,
    "n_positions": 1024,
    "n_embd": 768,
    "n_head": 12,
    "n_layer": 16,
    "activation_function": "gelu_new",
    "layer_norm_epsilon": 1e-5,
}

GOLDEN_GAMMA = np.uint64(0x9E3779B97F4A7C15)


def parameters(config: dict) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Name and shape of every learned tensor, in the order that numbers them."""
    c = config["n_embd"]
    f = config.get("n_inner") or 4 * c
    yield "wte.weight", (config["vocab_size"], c)
    yield "wpe.weight", (config["n_positions"], c)
    for layer in range(config["n_layer"]):
        for name, shape in (
            ("ln_1.weight", (c,)),
            ("ln_1.bias", (c,)),
            ("attn.c_attn.weight", (c, 3 * c)),
            ("attn.c_attn.bias", (3 * c,)),
            ("attn.c_proj.weight", (c, c)),
            ("attn.c_proj.bias", (c,)),
            ("ln_2.weight", (c,)),
            ("ln_2.bias", (c,)),
            ("mlp.c_fc.weight", (c, f)),
            ("mlp.c_fc.bias", (f,)),
            ("mlp.c_proj.weight", (f, c)),
            ("mlp.c_proj.bias", (c,)),
        ):
            yield f"h.{layer}.{name}", shape
    yield "ln_f.weight", (c,)
    yield "ln_f.bias", (c,)
    if not config.get("tie_word_embeddings", True):
        yield "lm_head.weight", (config["vocab_size"], c)


def is_norm_gain(name: str) -> bool:
    """Whether a tensor scales a layer norm's output."""
    return name.split(".")[-2].startswith("ln_") and name.endswith(".weight")


def splitmix64(x: np.ndarray) -> np.ndarray:
    """Steele, Lea and Flood's generator, element by element, modulo 2^64."""
    with np.errstate(over="ignore"):
        x = x + GOLDEN_GAMMA
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def seeded_tensors(config: dict, seed: int) -> dict[str, np.ndarray]:
    """attnd's seeded weights, float32, by the definition in engine/checkpoint/seeded_weights.h."""
    scale = np.float32(0.02 / np.sqrt((65536.0**2 - 1) / 3))
    tensors = {}
    for index, (name, shape) in enumerate(parameters(config)):
        with np.errstate(over="ignore"):
            key = splitmix64(np.array([seed], dtype=np.uint64) + np.uint64(index) * GOLDEN_GAMMA)
            z = splitmix64(key + np.arange(np.prod(shape), dtype=np.uint64))
        lanes = z.view("<u2").reshape(-1, 4).sum(axis=1, dtype=np.int32) - np.int32(131070)
        variates = lanes.astype(np.float32) * scale
        tensors[name] = (np.float32(1) + variates if is_norm_gain(name) else variates).reshape(shape)
    return tensors


def random_tensors(config: dict, seed: int) -> dict[str, np.ndarray]:
    """float32 weights large enough for every non-linearity to matter."""
    generator = np.random.default_rng(seed)
    tensors = {}
    for name, shape in parameters(config):
        deviation = 1 / np.sqrt(shape[0]) if name.endswith("c_attn.weight") else 0.2
        values = generator.normal(0, deviation, shape)
        tensors[name] = (values + 1 if is_norm_gain(name) else values).astype(np.float32)
    return tensors


def write_folder(folder: Path, config: dict, tensors: dict[str, np.ndarray], dtype: str = "F32") -> None:
    """A Hugging Face checkpoint folder; names are written as they are given."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    safetensors.write(folder / "model.safetensors", tensors, dtype)


def write_shards(folder: Path, config: dict, tensors: dict[str, np.ndarray], count: int, dtype: str = "F32") -> None:
    """A Hugging Face checkpoint folder whose tensors are dealt out to `count` files, with their index."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    weight_map = {}
    for shard in range(count):
        file = f"model-{shard + 1:05}-of-{count:05}.safetensors"
        dealt = dict(list(tensors.items())[shard::count])
        safetensors.write(folder / file, dealt, dtype)
        weight_map |= dict.fromkeys(dealt, file)
    total = sum(tensor.size for tensor in tensors.values()) * (4 if dtype == "F32" else 2)
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def read_folder(folder: Path) -> Gpt2:
    """The oracle's model of a Hugging Face checkpoint folder."""
    tensors = safetensors.read(folder / "model.safetensors")
    without_prefix = {name.removeprefix("transformer."): tensor for name, tensor in tensors.items()}
    return Gpt2(json.loads((folder / "config.json").read_text()), without_prefix)
