"""Short ways to write requests and to read replies."""

from collections.abc import Iterable

import numpy as np

from attnd.v1 import inference_pb2 as pb


def ids_input(ids: list[int]) -> pb.Input:
    """An input of token ids."""
    return pb.Input(token_ids=pb.TokenIds(ids=ids))


def hidden_input(values: np.ndarray) -> pb.Input:
    """An input of hidden states [T, C]."""
    tensor = pb.Tensor(data_type=pb.DATA_TYPE_FLOAT32, shape=values.shape, data=values.astype("<f4").tobytes())
    return pb.Input(hidden_states=tensor)


def forward_request(
    inputs: list[pb.Input],
    layers: list[str],
    logits: int = pb.POSITIONS_UNSPECIFIED,
    listed: Iterable[int] = (),
) -> pb.ForwardRequest:
    """All positions of `layers`, and logits, of `listed` positions where they are POSITIONS_LISTED."""
    selections = [pb.HiddenStatesSelection(layer=layer, positions=pb.POSITIONS_ALL) for layer in layers]
    return pb.ForwardRequest(inputs=inputs, hidden_states=selections, logits=logits,
                             logits_listed_positions=listed)


def to_array(tensor: pb.Tensor) -> np.ndarray:
    """The values of a tensor in its shape."""
    assert tensor.data_type == pb.DATA_TYPE_FLOAT32
    return np.frombuffer(tensor.data, dtype="<f4").reshape(tuple(tensor.shape))
