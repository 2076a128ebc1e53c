"""Puts the chunks of a ForwardStream together."""

import grpc

from attnd import tensors
from attnd.errors import CallError
from attnd.v1 import inference_pb2 as pb


class Chunks:
    """The tensors that have come ahead of one result, by name: "logits" or "hidden_states[0]".

    Errors: CallError, INTERNAL, for a chunk that is not the next one, and for a result before the last one.
    """

    def __init__(self) -> None:
        self._tensors: dict[str, bytearray] = {}
        self._room: bytearray | None = None  # of the tensor at hand
        self._placed = 0  # bytes of it that have come

    def add(self, chunk: pb.TensorChunk) -> None:
        """Takes the next chunk."""
        name = "logits" if chunk.WhichOneof("tensor") == "logits" else f"hidden_states[{chunk.hidden_states}]"
        if self._room is None or self._placed == len(self._room):
            self._room = self._tensors[name] = bytearray(tensors.byte_count(chunk.data_type, chunk.shape))
            self._placed = 0
        end = self._placed + len(chunk.data)
        if chunk.offset != self._placed or end > len(self._room) or not chunk.data:
            raise CallError(
                grpc.StatusCode.INTERNAL,
                f"the server sent {len(chunk.data)} bytes at {chunk.offset} of {name}, which has {len(self._room)} "
                f"bytes and has come to {self._placed}",
            )
        self._room[self._placed : end] = chunk.data
        self._placed = end

    def drop(self) -> None:
        """Makes room for the next item's after one that failed, whose last tensor need not have come whole."""
        self._tensors, self._room, self._placed = {}, None, 0

    def take(self) -> dict[str, bytearray]:
        """The tensors of a result that has come, and room for those of the next item."""
        if self._room is not None and self._placed != len(self._room):
            raise CallError(
                grpc.StatusCode.INTERNAL,
                f"the server sent {self._placed} bytes of a tensor of {len(self._room)}, then the result",
            )
        whole = self._tensors
        self.drop()
        return whole
