"""From the first moment of a server to its last, as its callers and its operator see it."""

import os
import select
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import grpc

from attnd.v1 import inference_pb2 as pb
from integration import health
from integration.messages import forward_request, ids_input
from integration.server_process import ServerProcess
from integration.waiting import wait_until
from oracle import golden

# What health answers for: the whole server, and its service.
NAMES = ["", "attnd.v1.InferenceService"]
IDLE_SECONDS = 2
LOADING = "this server is loading its model; call it again once its health is SERVING"


def children_of(number: int) -> list[str]:
    """Numbers of the processes that process `number` has, ended ones it has not reaped included."""
    return Path(f"/proc/{number}/task/{number}/children").read_text().split()


def cpu_seconds(number: int) -> float:
    """Seconds that process `number` has computed."""
    fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class LoadingTest(unittest.TestCase):
    """A server that has not served yet."""

    def test_it_listens_and_says_not_serving_until_it_serves(self) -> None:
        with ServerProcess.listening() as server:
            watches = [health.watch(server.channel, name) for name in NAMES]
            self.assertEqual([next(watch) for watch in watches], [health.NOT_SERVING] * len(NAMES))
            self.assertEqual(health.check(server.channel), health.NOT_SERVING)
            self.assertEqual(server.metric("attnd_ready"), 0)
            calls = [
                server.stub.Forward.future(forward_request([ids_input([1])], ["ln_f"])),
                server.stub.Embed.future(pb.EmbedRequest(inputs=[ids_input([1])])),
                server.stub.GetModel.future(pb.GetModelRequest()),
            ]
            self.assertEqual([call.code() for call in calls], [grpc.StatusCode.UNAVAILABLE] * 3)
            self.assertEqual({call.details() for call in calls}, {LOADING})
            for method in ("Forward", "Embed"):
                self.assertEqual(server.metric(f'attnd_rejected_total{{method="{method}",reason="not_ready"}}'), 1)
            self.assertEqual([next(watch) for watch in watches], [health.SERVING] * len(NAMES))
            server.wait_until_ready()
            self.assertEqual(server.metric("attnd_ready"), 1)
            server.stub.Embed(pb.EmbedRequest(inputs=[ids_input([1])]))
            server.terminate()
            self.assertEqual([next(watch) for watch in watches], [health.NOT_SERVING] * len(NAMES))

    def end_while_loading(self, signals: list[signal.Signals]) -> None:
        server = ServerProcess()
        server.start()
        server.wait_for_log("loading seeded weights")
        for number in signals:
            server.process.send_signal(number)
        ready_line = server.process.stdout.read()
        self.assertEqual(server.wait(), 0)
        self.assertEqual(ready_line, b"")
        self.assertIn("ended by a signal before it served", server.log())
        self.assertNotIn("loaded", server.log())
        server.discard_log()

    def test_a_signal_ends_it_at_once(self) -> None:
        self.end_while_loading([signal.SIGTERM])
        self.end_while_loading([signal.SIGINT])

    def test_a_second_signal_changes_nothing(self) -> None:
        self.end_while_loading([signal.SIGTERM, signal.SIGTERM])
        self.end_while_loading([signal.SIGINT, signal.SIGTERM])


class IdleTest(unittest.TestCase):
    """A server that nobody calls."""

    def test_it_uses_next_to_no_cpu(self) -> None:
        with ServerProcess(f"--model={golden.folder('tiny')}") as server:
            server.stub.Embed(pb.EmbedRequest(inputs=[ids_input([1])]))
            before = cpu_seconds(server.process.pid)
            # Nothing is to come from there: the time passes.
            select.select([server.process.stdout], [], [], IDLE_SECONDS)
            used = cpu_seconds(server.process.pid) - before
            print(f"used {used:.2f} s of {IDLE_SECONDS} s")
            self.assertLess(used, IDLE_SECONDS / 20)


class HealthTest(unittest.TestCase):
    """What grpc.health.v1 says of a server that serves."""

    def test_a_name_nobody_serves_is_not_found(self) -> None:
        with ServerProcess(f"--model={golden.folder('tiny')}") as server:
            self.assertEqual([health.check(server.channel, name) for name in NAMES], [health.SERVING] * len(NAMES))
            with self.assertRaises(grpc.RpcError) as raised:
                health.check(server.channel, "attnd.v1.NoService")
            self.assertEqual(raised.exception.code(), grpc.StatusCode.NOT_FOUND)
            watch = health.watch(server.channel, "attnd.v1.NoService")
            self.assertEqual(next(watch), health.SERVICE_UNKNOWN)
            watch.cancel()

    def test_a_batch_that_takes_too_long_is_not_serving_until_it_ends(self) -> None:
        with ServerProcess("--engine_heartbeat_timeout_s=1", "--max_batch_tokens=16384") as server:
            watch = health.watch(server.channel)
            self.assertEqual(next(watch), health.SERVING)
            call = server.stub.Embed.future(pb.EmbedRequest(inputs=[ids_input([1] * 1024)] * 16))
            self.assertEqual(next(watch), health.NOT_SERVING)
            self.assertFalse(call.done())
            self.assertEqual(server.metric("attnd_ready"), 0)
            self.assertEqual(next(watch), health.SERVING)
            self.assertEqual(call.code(), grpc.StatusCode.OK)
            self.assertIn("longer than --engine_heartbeat_timeout_s=1;", server.log())
            watch.cancel()

    def test_watchers_do_not_hold_up_the_end(self) -> None:
        with ServerProcess(f"--model={golden.folder('tiny')}") as server:
            watch = health.watch(server.channel)
            self.assertEqual(next(watch), health.SERVING)
            started_at = time.monotonic()
            server.terminate()
            self.assertEqual(server.wait(), 0)
            seconds = time.monotonic() - started_at
            print(f"ended {seconds:.2f} s after SIGTERM")
            # What the last replies have to leave; nobody else is given as much.
            self.assertLess(seconds, 5)

    def test_health_says_not_serving_while_calls_are_still_taken(self) -> None:
        with ServerProcess("--drain_delay_ms=1500") as server:
            watch = health.watch(server.channel)
            self.assertEqual(next(watch), health.SERVING)
            server.terminate()
            self.assertEqual(next(watch), health.NOT_SERVING)
            reply = server.stub.Embed(pb.EmbedRequest(inputs=[ids_input([1])]))
            self.assertEqual(len(reply.token_counts), 1)
            watch.cancel()


class FirstProcessTest(unittest.TestCase):
    """attnd as process 1 of a namespace of its own, as in a container."""

    # A process that ends once somebody writes to the FIFO $0, and attnd in place of the shell.
    BECOME_SERVER = 'read line <"$0" & exec "$@"'

    def setUp(self) -> None:
        self.namespace = ["unshare", "--map-root-user", "--pid", "--fork", "--kill-child"]
        result = subprocess.run([*self.namespace, "true"], capture_output=True, text=True, check=False)
        if result.returncode != 0:
            self.skipTest(f"no PID namespace may be made here: {result.stderr.strip()}")

    def start(self, server: ServerProcess, fifo: Path) -> int:
        """Starts `server` in a namespace and returns its number outside, once it serves."""
        server.start([*self.namespace, "sh", "-c", self.BECOME_SERVER, str(fifo)])
        server.wait_until_ready()
        return int(children_of(server.process.pid)[0])

    def test_it_obeys_signals_and_reaps_what_it_inherits(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            fifo = Path(folder) / "fifo"
            os.mkfifo(fifo)
            server = ServerProcess(f"--model={golden.folder('tiny')}")
            number = self.start(server, fifo)
            self.assertEqual(len(children_of(number)), 1)
            fifo.write_text("end\n")
            wait_until(lambda: not children_of(number), "the process that ended is reaped")
            os.kill(number, signal.SIGHUP)
            server.wait_for_log("reloaded: ")
            os.kill(number, signal.SIGTERM)
            self.assertEqual(server.wait(), 0)
            self.assertIn("drained: ", server.log())
            server.discard_log()


class SecondSignalTest(unittest.TestCase):
    """An operator who does not want to wait."""

    def test_it_ends_a_drain_at_once(self) -> None:
        server = ServerProcess(f"--model={golden.folder('tiny')}", "--drain_delay_ms=86400000")
        server.start()
        server.wait_until_ready()
        server.process.send_signal(signal.SIGTERM)
        server.wait_for_log("draining")
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait(), 130)
        self.assertIn("second signal, ending without draining", server.log())
        server.discard_log()


if __name__ == "__main__":
    unittest.main()
