"""Requests of the protocol, made of what a caller of Client or AsyncClient passes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from attnd import tensors
from attnd.options import EmbedOptions, ForwardOptions, ForwardStreamOptions, Input, Positions, check_names
from attnd.v1 import inference_pb2 as pb

_PRIORITIES = {
    "critical": pb.PRIORITY_CRITICAL,
    "high": pb.PRIORITY_HIGH,
    "normal": pb.PRIORITY_NORMAL,
    "low": pb.PRIORITY_LOW,
}
_POOLINGS = {"last": pb.POOLING_LAST, "mean": pb.POOLING_MEAN, "weighted_mean": pb.POOLING_WEIGHTED_MEAN}
_DATA_TYPES = {
    "float32": pb.DATA_TYPE_FLOAT32,
    "float16": pb.DATA_TYPE_FLOAT16,
    "bfloat16": pb.DATA_TYPE_BFLOAT16,
    "int8": pb.DATA_TYPE_INT8,
}
_POSITIONS = {"last": pb.POSITIONS_LAST, "all": pb.POSITIONS_ALL}
Value = TypeVar("Value")
Item = TypeVar("Item", pb.ForwardStreamRequest, pb.EmbedStreamRequest)


def encode_input(value: Input, name: str = "the input") -> pb.Input:
    """One input. Raises TypeError or ValueError for what is none; the server checks the rest."""
    if isinstance(value, str):
        return pb.Input(text=value)
    if isinstance(value, bytes):
        return pb.Input(text_bytes=value)
    if isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} is a number; inputs are a list, each of them a list of token ids, text or an array")
    array: npt.NDArray[Any] = np.asarray(value)
    if array.ndim == 1 and (np.issubdtype(array.dtype, np.integer) or array.size == 0):
        return pb.Input(token_ids=pb.TokenIds(ids=[int(i) for i in array]))
    if array.ndim == 2 and np.issubdtype(array.dtype, np.floating):
        return pb.Input(hidden_states=tensors.encode(array))
    raise TypeError(
        f"{name} is an array of {array.dtype} and shape {list(array.shape)}, must be token ids, whole numbers [T], or "
        f"hidden states, floats [T, C]"
    )


def encode_inputs(values: Iterable[Input]) -> Iterator[pb.Input]:
    """All inputs of a call."""
    refuse_text(values)
    return (encode_input(value, f"inputs[{i}]") for i, value in enumerate(values))


def refuse_text(values: object) -> None:
    """A text is iterable and no list of inputs: raises TypeError."""
    if isinstance(values, (str, bytes)):
        raise TypeError("inputs are one text; pass a list of inputs")


def embed_request(inputs: Iterable[Input], options: EmbedOptions, priority: str) -> pb.EmbedRequest:
    """Of embed; `priority` is the client's."""
    check_names(options, EmbedOptions)
    return pb.EmbedRequest(inputs=encode_inputs(inputs), **_embed_fields(options, priority))


def embed_item(options: EmbedOptions, priority: str) -> pb.EmbedStreamRequest:
    """Of embed_stream, without id and input."""
    check_names(options, EmbedOptions)
    return pb.EmbedStreamRequest(**_embed_fields(options, priority))


def forward_request(inputs: Iterable[Input], options: ForwardOptions, priority: str) -> pb.ForwardRequest:
    """Of forward."""
    check_names(options, ForwardOptions)
    return pb.ForwardRequest(inputs=encode_inputs(inputs), **_forward_fields(options, priority))


def forward_item(options: ForwardStreamOptions, priority: str) -> pb.ForwardStreamRequest:
    """Of forward_stream, without id and input."""
    check_names(options, ForwardStreamOptions)
    chunk_bytes = options.get("max_chunk_bytes", 0)
    return pb.ForwardStreamRequest(max_chunk_bytes=chunk_bytes, **_forward_fields(options, priority))


def numbered(item: Item, index: int, value: pb.Input) -> Item:
    """A copy of `item` with an input, and its number as id."""
    copy = type(item)(id=index, input=value)
    copy.MergeFrom(item)
    return copy


def tokenize_request(text: str | bytes) -> pb.TokenizeRequest:
    """Of tokenize."""
    return pb.TokenizeRequest(text=text) if isinstance(text, str) else pb.TokenizeRequest(text_bytes=text)


def detokenize_request(ids: Iterable[int], skip_special_tokens: bool) -> pb.DetokenizeRequest:
    """Of detokenize."""
    return pb.DetokenizeRequest(ids=[int(i) for i in ids], skip_special_tokens=skip_special_tokens)


def _embed_fields(options: EmbedOptions, priority: str) -> dict[str, Any]:
    return {
        "pooling": _chosen(_POOLINGS, options.get("pooling", "last"), "pooling"),
        "normalize": options.get("normalize", True),
        "priority": _chosen(_PRIORITIES, options.get("priority", priority), "priority"),
        "dimensions": options.get("dimensions"),
        "truncate": options.get("truncate", False),
        "data_type": _chosen(_DATA_TYPES, options.get("data_type", "float32"), "data_type"),
    }


def _forward_fields(options: ForwardOptions, priority: str) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "hidden_states": list(_hidden_states(options)),
        "priority": _chosen(_PRIORITIES, options.get("priority", priority), "priority"),
        "truncate": options.get("truncate", False),
        "token_log_probabilities": options.get("token_log_probabilities", False),
        "logits_data_type": _chosen(_DATA_TYPES, options.get("logits_data_type", "float32"), "logits_data_type"),
    }
    if "logits" in options:
        fields["logits"], fields["logits_listed_positions"] = _positions(options["logits"], "logits")
    if "top_k" in options:
        positions, listed = _positions(options.get("top_k_positions", "last"), "top_k_positions")
        fields["top_k"] = pb.TopKSelection(k=options["top_k"], positions=positions, listed_positions=listed)
    return fields


def _hidden_states(options: ForwardOptions) -> Iterator[pb.HiddenStatesSelection]:
    layers = options.get("hidden_states", {})
    if isinstance(layers, str):
        raise TypeError("hidden_states is a text; pass a list of layers, or positions by layer")
    data_type = _chosen(_DATA_TYPES, options.get("hidden_states_data_type", "float32"), "hidden_states_data_type")
    by_layer: Mapping[str, Positions] = layers if isinstance(layers, Mapping) else dict.fromkeys(layers, "last")
    for layer, wanted in by_layer.items():
        positions, listed = _positions(wanted, f"hidden_states['{layer}']")
        yield pb.HiddenStatesSelection(layer=layer, positions=positions, data_type=data_type, listed_positions=listed)


def _positions(wanted: Positions, name: str) -> tuple[pb.Positions, list[int]]:
    """The selection, and the positions listed."""
    if isinstance(wanted, str):
        return _chosen(_POSITIONS, wanted, name), []
    return pb.POSITIONS_LISTED, [int(position) for position in wanted]


def _chosen(choices: Mapping[str, Value], word: str, name: str) -> Value:
    if word not in choices:
        raise ValueError(f"{name} = '{word}', must be one of {', '.join(choices)}")
    return choices[word]
