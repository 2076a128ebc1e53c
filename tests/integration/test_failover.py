"""Servers that die and servers that are drained, under load from attnd-load: which calls fail."""

import json
import os
import subprocess
import tempfile
import unittest
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from integration.replicas import HaProxy, Replicas, haproxy_path
from integration.waiting import wait_until
from oracle import golden

# Long enough for three checks of HAProxy's, and for a client to hear of its health.
DRAIN_DELAY_MS = 1000
RATE_PER_S = 150
# So many calls that a server has answered show that the load is there.
WARM_CALLS = 20


class Load:
    """attnd-load at work, from construction on."""

    def __init__(self, target: str, *flags: str):
        self._folder = tempfile.TemporaryDirectory(prefix="attnd-load-")
        self._report = Path(self._folder.name) / "report.json"
        command = [os.environ["ATTND_LOAD"], f"--server={target}", f"--rate_per_s={RATE_PER_S}",
                   "--length=uniform:1:64", "--duration_s=600", f"--json={self._report}", *flags]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self) -> dict:
        """Ends it as Ctrl-C does, and returns its report."""
        self._process.terminate()
        self._process.wait(timeout=60)
        with self._folder:
            return json.loads(self._report.read_text())


class FailoverTest(unittest.TestCase):
    """Three servers, one thread each."""

    def check(self, target_of: Callable[[Replicas], str], flags: list[str], end: Callable[[Replicas], None]) -> None:
        """No call fails of a load during which `end` ends the second of three servers."""
        with Replicas(3, f"--model={golden.folder('tiny')}", "--threads=1", f"--drain_delay_ms={DRAIN_DELAY_MS}") as replicas:
            load = Load(target_of(replicas), *flags)
            try:
                for number in range(3):
                    wait_until(lambda number=number: replicas.embed_count(number) >= WARM_CALLS, "every server gets calls")
                end(replicas)
                for number in (0, 2):
                    enough = replicas.embed_count(number) + WARM_CALLS
                    wait_until(lambda number=number, enough=enough: replicas.embed_count(number) >= enough,
                               "the others go on")
            finally:
                report = load.stop()
            print(f"{report['sent']} calls: {report['calls_by_code']}, p99 {report['latency_ms']['p99']:.1f} ms")
            self.assertEqual(set(report["calls_by_code"]), {"OK"})
            self.assertEqual(report["not_sent"], 0)

    def check_behind_haproxy(self, flags: list[str], end: Callable[[Replicas], None]) -> None:
        """The same with HAProxy in between."""
        if haproxy_path() is None:
            self.skipTest("no HAProxy on this machine")
        with ExitStack() as stack:
            self.check(lambda replicas: stack.enter_context(HaProxy(replicas.addresses)).target, flags, end)

    def kill(self, replicas: Replicas) -> None:
        replicas.kill(1)

    def drain(self, replicas: Replicas) -> None:
        self.assertEqual(replicas.drain(1), 0)

    def test_a_killed_server_fails_no_call_that_has_attempts_left(self) -> None:
        self.check(lambda replicas: ",".join(replicas.addresses), ["--max_attempts=4"], self.kill)

    def test_a_drained_server_fails_no_call_even_of_a_single_attempt(self) -> None:
        self.check(lambda replicas: ",".join(replicas.addresses), ["--max_attempts=1"], self.drain)

    def test_behind_haproxy_a_killed_server_fails_no_call_that_has_attempts_left(self) -> None:
        self.check_behind_haproxy(["--max_attempts=4"], self.kill)

    def test_behind_haproxy_a_drained_server_fails_no_call_even_of_a_single_attempt(self) -> None:
        self.check_behind_haproxy(["--max_attempts=1"], self.drain)


if __name__ == "__main__":
    unittest.main()
