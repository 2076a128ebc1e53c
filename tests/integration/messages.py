"""Between numpy arrays and the protocol's messages."""

from collections.abc import Iterable, Sequence

import numpy as np
from attnd.v1 import inference_pb2 as pb


def tensor(array: np.ndarray) -> pb.Tensor:
    return pb.Tensor(data_type=pb.DATA_TYPE_FLOAT32, shape=array.shape, data=array.astype("<f4").tobytes())


def array(message: pb.Tensor) -> np.ndarray:
    if message.data_type != pb.DATA_TYPE_FLOAT32:
        raise ValueError(f"data_type is {message.data_type}")
    return np.frombuffer(message.data, dtype="<f4").reshape(message.shape)


def token_input(ids: Iterable[int]) -> pb.Input:
    return pb.Input(token_ids=pb.TokenIds(ids=ids))


def hidden_input(hidden: np.ndarray) -> pb.Input:
    return pb.Input(hidden_states=tensor(hidden))


def place_names(layer_count: int) -> list[str]:
    """Names of all places in the stack, in the order of the oracle's hidden states."""
    return ["embeddings", *(f"h.{layer}" for layer in range(layer_count)), "ln_f"]


def forward_request(
    inputs: Sequence[pb.Input],
    places: Iterable[str] = (),
    positions: pb.Positions = pb.POSITIONS_ALL,
    logits: pb.Positions = pb.POSITIONS_UNSPECIFIED,
) -> pb.ForwardRequest:
    selections = [pb.HiddenStatesSelection(layer=place, positions=positions) for place in places]
    return pb.ForwardRequest(inputs=inputs, hidden_states=selections, logits=logits)


def hidden_arrays(result: pb.ForwardResult) -> dict[str, np.ndarray]:
    """The hidden states of a result by place."""
    return {hidden.layer: array(hidden.values) for hidden in result.hidden_states}
