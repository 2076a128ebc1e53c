"""What a call may ask for: the keyword arguments of Client and AsyncClient."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypedDict

import numpy as np
import numpy.typing as npt

# One input: text; any bytes, as text; token ids [T]; or hidden states, float [T, C], in place of the embeddings.
Input: TypeAlias = str | bytes | Sequence[int] | npt.NDArray[np.integer[Any]] | npt.NDArray[np.floating[Any]]

# Positions of an input: its last one, all T, or those listed, counted from 0, none twice.
Positions: TypeAlias = Literal["last", "all"] | Sequence[int]

# The type in which results travel. They arrive as float32 in any case.
DataType: TypeAlias = Literal["float32", "float16", "bfloat16", "int8"]

# How T rows become one vector.
Pooling: TypeAlias = Literal["last", "mean", "weighted_mean"]

# Which calls are computed first when not all can be at once.
Priority: TypeAlias = Literal["critical", "high", "normal", "low"]


class CallOptions(TypedDict, total=False):
    """Of every call."""

    # Seconds from its start after which the call fails with DEADLINE_EXCEEDED. Default: the client's; none for streams.
    timeout_s: float
    # What the server's log and the error are to call it by: 1 to 128 printable ASCII characters without spaces.
    # Default: an id of the server's.
    request_id: str


class ComputeOptions(CallOptions, total=False):
    """Of every call that computes."""

    # Default: the client's.
    priority: Priority
    # Whether a text of too many tokens is cut, which its result then says. Default: it is refused.
    truncate: bool


class EmbedOptions(ComputeOptions, total=False):
    """Of embed and embed_stream."""

    # Default: "last".
    pooling: Pooling
    # Whether each vector has unit length. Default: True.
    normalize: bool
    # D, the channels kept of each vector, the first ones. Default: all C.
    dimensions: int
    # Default: "float32".
    data_type: DataType


class ForwardOptions(ComputeOptions, total=False):
    """Of forward and forward_stream. At least one of the first four is needed."""

    # Layers whose hidden states are wanted, "embeddings", "h.0" ... or "ln_f", each with its positions; names alone
    # stand for their last position.
    hidden_states: Mapping[str, Positions] | Sequence[str]
    # Positions whose logits are wanted.
    logits: Positions
    # The number of likeliest next tokens wanted at each position of top_k_positions, by default the last one.
    top_k: int
    # Whether the log-probability of every token is wanted. Default: False.
    token_log_probabilities: bool
    top_k_positions: Positions
    # Of all hidden states, and of the logits; not "int8". Default: "float32".
    hidden_states_data_type: DataType
    logits_data_type: DataType


class ForwardStreamOptions(ForwardOptions, total=False):
    """Of forward_stream."""

    # Above 0: results larger than this travel in chunks, which arrive put together, and may have
    # ModelLimits.max_chunked_reply_bytes. Default: 0.
    max_chunk_bytes: int


def check_names(options: Mapping[str, object], known: type) -> None:
    """Raises TypeError for an option that `known`, a TypedDict, does not have."""
    names = known.__annotations__
    for name in options:
        if name not in names:
            raise TypeError(f"no option '{name}'; there are {', '.join(sorted(names))}")
