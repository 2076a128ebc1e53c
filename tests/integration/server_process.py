"""Starts the real server on free ports, and stops it as an operator would."""

import os
import re
import select
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import grpc

from attnd.v1 import inference_pb2_grpc

ADDRESSES = re.compile(r"(?:listening|attnd ready): grpc (\S+), metrics (\S+)\n")
START_TIMEOUT_SECONDS = 240  # the default model with a sanitizer, beside other tests
MESSAGE_LIMIT_BYTES = 512 << 20


class ServerProcess:
    """A context: `with ServerProcess("--model=DIR") as server`. Leaving it sends SIGTERM and expects exit code 0."""

    def __init__(self, *flags: str):
        self._flags = flags
        self._log = tempfile.NamedTemporaryFile(prefix="attnd-log-", suffix=".txt", delete=False)
        self._terminated = False
        self.process: subprocess.Popen | None = None

    def start(self, prefix: list[str] | None = None) -> None:
        """Starts the process, through the program `prefix` if there is one, and returns at once. For those who do not
        want a server that is ready."""
        addresses = ["--address=127.0.0.1:0", "--metrics_address=127.0.0.1:0"]
        command = [*(prefix or []), os.environ["ATTND_SERVER"], *addresses, *self._flags]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._log, bufsize=0)

    @classmethod
    def listening(cls, *flags: str) -> "ServerProcess":
        """A started process that listens and has only begun to load its model."""
        server = cls(*flags)
        server.start()
        server.wait_for_log("listening: ")
        server.connect(server.log())
        return server

    def __enter__(self) -> "ServerProcess":
        if self.process is None:
            started_at = time.monotonic()
            self.start()
            self.connect(self.wait_until_ready())
            self.seconds_to_ready = time.monotonic() - started_at
        return self

    def __exit__(self, error_type, error, traceback) -> None:
        self.channel.close()
        self.terminate()
        exit_code = self.wait()
        if error_type is not None or exit_code != 0:
            print(f"--- the server's log, {self._log.name}:\n{self.log()[-4000:]}")
        else:
            self.discard_log()
        if error_type is None:
            assert exit_code == 0, f"the server ended with exit code {exit_code}"

    def terminate(self) -> None:
        """Sends SIGTERM, once."""
        if self.process.poll() is None and not self._terminated:
            self.process.send_signal(signal.SIGTERM)
        self._terminated = True

    def wait(self) -> int:
        """Waits for the end of the process and returns its exit code."""
        exit_code = self.process.wait(timeout=60)
        self.process.stdout.close()
        return exit_code

    def wait_for_log(self, text: str) -> None:
        """Waits until the server has written `text` to stderr."""
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while text not in self.log():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError(f"the server did not write '{text}'; its log:\n{self.log()}")

    def log(self) -> str:
        """What the server wrote to stderr so far."""
        return Path(self._log.name).read_text()

    def discard_log(self) -> None:
        """Deletes what it wrote."""
        self._log.close()
        Path(self._log.name).unlink()

    def scrape(self) -> str:
        """The text of /metrics."""
        with urllib.request.urlopen(f"http://{self.metrics_address}/metrics", timeout=10) as response:
            return response.read().decode()

    def metric(self, series: str) -> float:
        """The value of one series, written as in the exposition with labels in alphabetical order."""
        for line in self.scrape().splitlines():
            if line.startswith(series + " "):
                return float(line.rsplit(" ", 1)[1])
        raise KeyError(series)

    def connect(self, text: str) -> None:
        """Reads where the server listens from what it said, and calls it there."""
        self.address, self.metrics_address = ADDRESSES.search(text).groups()
        limits = [("grpc.max_receive_message_length", MESSAGE_LIMIT_BYTES)]
        self.channel = grpc.insecure_channel(self.address, options=limits)
        self.stub = inference_pb2_grpc.InferenceServiceStub(self.channel)

    def wait_until_ready(self) -> str:
        """Waits for the line on stdout that says so, and returns it."""
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            piece = os.read(self.process.stdout.fileno(), 4096) if ready else b""
            if not piece:
                self.process.kill()
                self.wait()
                raise RuntimeError(f"the server did not become ready; its log:\n{self.log()}")
            line += piece
        return line.decode()
