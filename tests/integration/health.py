"""grpc.health.v1, spoken in bytes: Debian's gRPC for Python brings no module for it.

Request and reply have one field each: the name of a service, and its status.
"""

from collections.abc import Iterator

import grpc

SERVING = b"\x08\x01"
NOT_SERVING = b"\x08\x02"
SERVICE_UNKNOWN = b"\x08\x03"


def _request(name: str) -> bytes:
    return b"\x0a" + bytes([len(name)]) + name.encode() if name else b""


def check(channel: grpc.Channel, name: str = "") -> bytes:
    """The status of a service; the empty name stands for the whole server."""
    return channel.unary_unary("/grpc.health.v1.Health/Check")(_request(name), timeout=30)


def watch(channel: grpc.Channel, name: str = "") -> Iterator[bytes]:
    """Its status now, then every change, until cancelled."""
    return channel.unary_stream("/grpc.health.v1.Health/Watch")(_request(name), timeout=240)
