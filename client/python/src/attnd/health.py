"""The standard gRPC health check, grpc.health.v1.Health/Check.

Its request and its reply have one field each, as the wrappers of google.protobuf have: a name, and a number. Debian has
no module for them.
"""

from enum import IntEnum
from typing import Any

from google.protobuf import wrappers_pb2

METHOD = "/grpc.health.v1.Health/Check"


class HealthStatus(IntEnum):
    """What a server says of itself."""

    UNKNOWN = 0
    SERVING = 1
    NOT_SERVING = 2
    SERVICE_UNKNOWN = 3


def serialize(service: str) -> bytes:
    """A HealthCheckRequest."""
    message: bytes = wrappers_pb2.StringValue(value=service).SerializeToString()
    return message


def deserialize(data: bytes) -> HealthStatus:
    """A HealthCheckResponse."""
    message: Any = wrappers_pb2.Int32Value.FromString(data)
    return HealthStatus(message.value)
