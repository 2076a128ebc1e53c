"""A network of this process's own, with nothing but a loopback: there the ports that documents name are free."""

import fcntl
import os
import socket
import struct
import unittest
from pathlib import Path

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1


def enter() -> None:
    """Of the calling thread and all it starts. Skips the test where the kernel does not allow it."""
    user, group = os.getuid(), os.getgid()
    try:
        try:
            os.unshare(os.CLONE_NEWNET)
        except PermissionError:
            os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET)
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
            Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
        _bring_loopback_up()
    except OSError as error:
        raise unittest.SkipTest(f"SKIPPED: no network of its own for this test: {error}") from error


def _bring_loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)  # struct ifreq
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))
