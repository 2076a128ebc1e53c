"""The server's own program, run as a process of its own on free ports."""

import os
import re
import selectors
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from types import TracebackType

import grpc
from attnd.v1 import inference_pb2_grpc

_READY = re.compile(r"attnd ready: grpc (\S+), metrics (\S+)\n")
_READY_TIMEOUT_S = 120
_EXIT_TIMEOUT_S = 60
_CHANNEL_OPTIONS = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
)


class ServerProcess:
    """Serves from `with` to its end, which stops the server, checks that it exits with 0 and passes its log on."""

    def __init__(self, *flags: str) -> None:
        self._command = [
            os.environ["ATTND_SERVER"],
            "--address=127.0.0.1:0",
            "--metrics_address=127.0.0.1:0",
            *flags,
        ]

    def __enter__(self) -> "ServerProcess":
        self._log = tempfile.TemporaryFile()
        started_at = time.monotonic()
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=self._log)
        try:
            self.address, self.metrics_address = self._read_ready_line()
        except BaseException:
            self._process.kill()
            self._close()
            raise
        self.seconds_to_ready = time.monotonic() - started_at
        self.channel = grpc.insecure_channel(self.address, options=_CHANNEL_OPTIONS)
        self.stub = inference_pb2_grpc.InferenceServiceStub(self.channel)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.channel.close()
        self.terminate()
        try:
            exit_code = self.wait()
        finally:
            self._process.kill()
            self._close()
        if kind is None and exit_code != 0:
            raise AssertionError(f"the server exited with {exit_code}")

    def terminate(self) -> None:
        """Asks the server to drain and exit; does nothing when it has exited."""
        self._process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        """Waits for the server to exit and returns its exit code."""
        return self._process.wait(_EXIT_TIMEOUT_S)

    def log(self) -> str:
        """Everything the server has written to stderr so far."""
        return os.pread(self._log.fileno(), os.fstat(self._log.fileno()).st_size, 0).decode()

    def _read_ready_line(self) -> tuple[str, str]:
        output = b""
        deadline = time.monotonic() + _READY_TIMEOUT_S
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while not (ready := _READY.search(output.decode())):
                if not selector.select(max(0, deadline - time.monotonic())):
                    raise TimeoutError(f"no ready line within {_READY_TIMEOUT_S} s, but {output!r}")
                chunk = os.read(self._process.stdout.fileno(), 4096)
                if not chunk:
                    raise RuntimeError(f"the server ended before it was ready, having printed {output!r}")
                output += chunk
        return ready[1], ready[2]

    def _close(self) -> None:
        self._process.wait()
        self._process.stdout.close()
        sys.stderr.write(self.log())
        self._log.close()


class ServerTestCase(unittest.TestCase):
    """Tests that share one server, started with `flags`."""

    flags: tuple[str, ...] = ()
    server: ServerProcess

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(ServerProcess(*cls.flags))
