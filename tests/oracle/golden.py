"""The golden checkpoints: what Hugging Face's transformers computes for them, in double precision.

tests/golden/tiny is part of the repository. stack16 (13 MB) is not; ATTND_GOLDEN_STACK16 says where it lies.
"""

import os
import unittest
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from oracle import safetensors

TESTS = Path(__file__).resolve().parent.parent


@dataclass
class Case:
    """One sequence: token ids, hidden states by layer name, logits and pooled vectors."""

    ids: list[int]
    hidden: dict[str, np.ndarray]  # [T, C]; the output of the last layer before its norm is not among them
    logits: np.ndarray  # [T, V]
    mean: np.ndarray  # [C], unit length
    last: np.ndarray  # [C], unit length


def folder(name: str) -> Path:
    """Where a golden checkpoint lies; skips the test that asks for one that is not here."""
    if name == "tiny":
        return TESTS / "golden" / "tiny"
    place = Path(os.environ.get("ATTND_GOLDEN_STACK16", TESTS.parent.parent / "shared" / "golden" / "stack16"))
    if not (place / "model.safetensors").exists():
        raise unittest.SkipTest(f"no golden checkpoint in {place}; set ATTND_GOLDEN_STACK16 to its folder")
    return place


def cases(place: Path, layer_count: int) -> list[Case]:
    """All sequences of expected.safetensors."""
    expected = safetensors.read(place / "expected.safetensors")
    names = ["embeddings"] + [f"h.{layer}" for layer in range(layer_count - 1)] + ["ln_f"]
    result = []
    for i in range(sum(name.startswith("ids.") for name in expected)):
        hidden = {name: expected[f"hidden.{i}.{index}"] for index, name in enumerate(names)}
        ids = expected[f"ids.{i}"].tolist()
        result.append(Case(ids, hidden, expected[f"logits.{i}"], expected[f"mean.{i}"], expected[f"last.{i}"]))
    return result
