"""Between numpy's arrays and the protocol's Tensor."""

from collections.abc import Sequence
from typing import Any

import grpc
import numpy as np
import numpy.typing as npt

from attnd.errors import CallError
from attnd.results import Floats
from attnd.v1 import inference_pb2 as pb

# Little-endian, as they travel. bfloat16 is the upper half of a float32.
_TYPES: dict[int, str] = {
    pb.DATA_TYPE_FLOAT32: "<f4",
    pb.DATA_TYPE_FLOAT16: "<f2",
    pb.DATA_TYPE_BFLOAT16: "<u2",
    pb.DATA_TYPE_INT8: "<i1",
}


def encode(values: npt.NDArray[Any]) -> pb.Tensor:
    """A DATA_TYPE_FLOAT32 tensor of the array's shape."""
    return pb.Tensor(data_type=pb.DATA_TYPE_FLOAT32, shape=values.shape, data=values.astype("<f4").tobytes())


def byte_count(data_type: int, shape: Sequence[int]) -> int:
    """Bytes of a tensor. Raises CallError, INTERNAL, where no tensor of a reply is like that."""
    if data_type not in _TYPES or any(size < 0 for size in shape):
        raise _broken(f"a tensor of type {data_type} and shape {list(shape)}")
    count = np.dtype(_TYPES[data_type]).itemsize
    for size in shape:
        count *= size
    return count


def decode(tensor: pb.Tensor, data: bytes | bytearray | None = None) -> Floats:
    """The elements in float32, int8 ones without their scale; `data` in place of its own where that came in chunks."""
    content = tensor.data if data is None else data
    if byte_count(tensor.data_type, tensor.shape) != len(content):
        raise _broken(f"{len(content)} bytes for a tensor of type {tensor.data_type} and shape {list(tensor.shape)}")
    raw = np.frombuffer(content, dtype=_TYPES[tensor.data_type]).reshape(tuple(tensor.shape))
    if tensor.data_type == pb.DATA_TYPE_BFLOAT16:
        return (raw.astype(np.uint32) << 16).view(np.float32)
    return raw.astype(np.float32)


def _broken(what: str) -> CallError:
    return CallError(grpc.StatusCode.INTERNAL, f"the server sent {what}")
