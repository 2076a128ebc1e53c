"""What lets a process that used gRPC exit."""

import ctypes
import functools

import grpc


@functools.cache
def keep_grpc_engine() -> None:
    """Keeps gRPC's event engine until the process has ended.

    Once no channel is left gRPC destroys its engine, on a thread of its own. Where the process exits meanwhile the
    thread uses what is destroyed already: one run in twenty ended in SIGSEGV on a busy machine (gRPC 1.51). So there is
    one more channel, which connects to nothing, costs no thread, and is not even collected at exit.
    """
    channel = grpc.insecure_channel("ipv4:127.0.0.1:1")
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(channel))
