"""HTTP/2 by hand, for clients that misbehave as no library does (RFC 9113)."""

import socket
from collections.abc import Iterator

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = 4
PING = 6
GOAWAY = 7
HEADER_BYTES = 9


def frame(kind: int, payload: bytes = b"") -> bytes:
    """A frame about the connection as a whole, without flags."""
    return len(payload).to_bytes(3, "big") + bytes([kind, 0]) + bytes(4) + payload


def connect(address: str) -> socket.socket:
    """A connection that has said hello and nothing else."""
    host, port = address.rsplit(":", 1)
    connection = socket.create_connection((host, int(port)), timeout=30)
    connection.sendall(PREFACE + frame(SETTINGS))
    return connection


def frames(connection: socket.socket) -> Iterator[tuple[int, bytes]]:
    """Kind and payload of every frame the server sends until it closes."""
    received = b""
    while piece := connection.recv(4096):
        received += piece
        while len(received) >= HEADER_BYTES:
            end = HEADER_BYTES + int.from_bytes(received[:3], "big")
            if len(received) < end:
                break
            yield received[3], received[HEADER_BYTES:end]
            received = received[end:]
