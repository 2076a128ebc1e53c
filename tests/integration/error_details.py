"""What a failed call says beside its code and text, read with Google's own messages."""

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

TYPES = {type_.DESCRIPTOR.full_name: type_
         for type_ in (error_details_pb2.BadRequest, error_details_pb2.RetryInfo, error_details_pb2.RequestInfo)}


def trailers(error: grpc.Call) -> dict[str, str | bytes]:
    """Trailing metadata by key; no key comes twice."""
    pairs = list(error.trailing_metadata())
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)


def unpack(status: status_pb2.Status) -> list[Message]:
    """The details of a google.rpc.Status, each as a message of its own type."""
    messages = []
    for detail in status.details:
        message = TYPES[detail.TypeName()]()
        assert detail.Unpack(message)
        messages.append(message)
    return messages


def details(error: grpc.RpcError) -> list[Message]:
    """The details of a call that failed with a status of attnd's."""
    status = status_pb2.Status.FromString(trailers(error)["grpc-status-details-bin"])
    assert (status.code, status.message) == (error.code().value[0], error.details())
    return unpack(status)
