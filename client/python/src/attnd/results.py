"""What calls return. Arrays are the caller's own, writable, float32 whatever type they travelled in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from attnd.errors import CallError

Floats: TypeAlias = npt.NDArray[np.float32]
Integers: TypeAlias = npt.NDArray[np.int64]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Timing:
    """Where the time of a call went, and what it shared the machine with."""

    queue_seconds: float
    compute_seconds: float
    # Of the batches that held inputs of the call, those of others included.
    batch_tokens: int
    batch_requests: int
    batch_count: int


@dataclass(frozen=True, eq=False)
class EmbedReply:
    """Vectors of a call, in the order of its inputs."""

    embeddings: Floats  # [N, D]
    token_counts: Integers  # [N], T of each input
    truncated_from: Integers  # [N], the tokens of a text that was cut, else 0
    timing: Timing
    model_version: str
    request_id: str


@dataclass(frozen=True, eq=False)
class EmbedResult:
    """The vector of an item of a stream."""

    embedding: Floats  # [D]
    token_count: int
    truncated_from: int


@dataclass(frozen=True, eq=False)
class TopTokens:
    """The likeliest next tokens of one input, the likeliest first, of equal ones the lower id."""

    positions: Integers  # [P]
    ids: Integers  # [P, k]
    logits: Floats  # [P, k]
    log_probabilities: Floats  # [P, k], natural logarithms


@dataclass(frozen=True, eq=False)
class Score:
    """How likely the model finds one input."""

    token_ids: Integers  # [T]
    log_probabilities: Floats  # [T - 1], natural logarithms: of each token but the first, given those before it
    sum: float

    @property
    def perplexity(self) -> float:
        """exp(-sum / (T - 1)); 1 for a single token."""
        return math.exp(-self.sum / max(1, len(self.log_probabilities)))


@dataclass(frozen=True, eq=False)
class ForwardResult:
    """Of one input what was asked for."""

    token_count: int  # T
    hidden_states: dict[str, Floats]  # [P, C] by layer
    logits: Floats | None  # [P, V]
    top_k: TopTokens | None
    score: Score | None
    truncated_from: int  # the tokens of a text that was cut, else 0


@dataclass(frozen=True, eq=False)
class ForwardReply:
    """Results of a call, in the order of its inputs."""

    results: list[ForwardResult]  # [N]
    timing: Timing
    model_version: str
    request_id: str


@dataclass(frozen=True, eq=False)
class StreamItem(Generic[Result]):
    """The answer to one input of a stream: a result, or why there is none."""

    index: int  # of the input, counted from 0
    result: Result | None
    error: CallError | None
    timing: Timing | None  # beside a result
    model_version: str  # beside a result

    def get(self) -> Result:
        """The result. Raises the error where there is none."""
        if self.error is not None:
            raise self.error
        assert self.result is not None
        return self.result


@dataclass(frozen=True, eq=False)
class Tokens:
    """The tokens of a text, and where the bytes of each lie in it."""

    ids: Integers  # [T]
    begins: Integers  # [T], in bytes of UTF-8
    ends: Integers  # [T]
    model_version: str


@dataclass(frozen=True)
class Detokenized:
    """What tokens stand for, and where the bytes of each end in it."""

    data: bytes
    ends: Integers  # [T]; a token begins where the one before ends, and one that is left out is empty
    model_version: str

    @property
    def text(self) -> str:
        """Raises UnicodeDecodeError where the bytes are not UTF-8, as when a token ends within a character."""
        return self.data.decode()


def integers(values: Any) -> Integers:
    """A sequence of whole numbers as an array."""
    return np.array(values, dtype=np.int64)
