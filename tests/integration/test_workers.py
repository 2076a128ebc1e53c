"""Several engines behind one queue, each with its threads and CPUs."""

import os
import signal
import subprocess
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from attnd.v1 import inference_pb2 as pb
from integration.messages import ids_input
from integration.server_process import ServerProcess
from integration.waiting import wait_until
from oracle import golden

CALLERS = 4
CALLS = 50
CPUS = sorted(os.sched_getaffinity(0))


def cpus_of_threads(server: ServerProcess, name: str, count: int) -> list[set[int]]:
    """The CPUs that the server's threads of that name may run on, thread by thread, once `count` of them run."""
    wait_until(lambda: len(_threads(server, name)) == count, f"{count} threads are called {name}")
    return [os.sched_getaffinity(thread) for thread in _threads(server, name)]


def _threads(server: ServerProcess, name: str) -> list[int]:
    """A thread that has just begun has not yet the name it gives itself."""
    tasks = Path(f"/proc/{server.process.pid}/task").iterdir()
    return [int(task.name) for task in tasks if (task / "comm").read_text().strip() == name]


class WorkersTest(unittest.TestCase):
    """A server of two workers with one thread each."""

    def start(self) -> ServerProcess:
        """It, not yet started."""
        return ServerProcess(f"--model={golden.folder('tiny')}", "--threads=2", "--engine_workers=2")

    def test_both_compute_and_every_reply_has_the_same_bytes(self) -> None:
        request = pb.EmbedRequest(inputs=[ids_input(list(range(64)))] * 8)
        with self.start() as server, ThreadPoolExecutor(CALLERS) as pool:
            expected = server.stub.Embed(request).embeddings
            replies = pool.map(lambda _: server.stub.Embed(request), range(CALLERS * CALLS))
            for reply in replies:
                self.assertEqual(reply.embeddings, expected)
            for worker in (0, 1):
                self.assertGreater(server.metric(f'attnd_worker_busy_seconds_total{{worker="{worker}"}}'), 0)

    def test_get_model_tells_of_them(self) -> None:
        with self.start() as server:
            kernel = server.stub.GetModel(pb.GetModelRequest()).kernel
            self.assertEqual((kernel.worker_count, kernel.thread_count), (2, 2))

    @unittest.skipIf(len(CPUS) < 2, "this process may use one CPU alone")
    def test_each_stays_on_cpus_of_its_own(self) -> None:
        with self.start() as server:
            first, second = cpus_of_threads(server, "attnd-batcher", 2)
            self.assertFalse(first & second)
            self.assertEqual(first | second, set(CPUS))

    @unittest.skipIf(len(CPUS) < 2, "this process may use one CPU alone")
    def test_one_worker_may_use_any_cpu(self) -> None:
        with ServerProcess(f"--model={golden.folder('tiny')}", "--threads=2") as server:
            for name in ("attnd-batcher", "attnd-engine-1"):
                self.assertEqual(cpus_of_threads(server, name, 1), [set(CPUS)])

    def test_each_needs_a_thread(self) -> None:
        for workers in (0, 3):
            command = [os.environ["ATTND_SERVER"], "--threads=2", f"--engine_workers={workers}"]
            result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
            self.assertEqual(result.returncode, 1)
            self.assertEqual(result.stderr,
                             f"attnd: INVALID_ARGUMENT: --engine_workers={workers}, must be in [1, 2]\n")

    def test_a_reload_replaces_the_engines_of_all(self) -> None:
        request = pb.EmbedRequest(inputs=[ids_input([1, 2, 3])])
        with self.start() as server, ThreadPoolExecutor(CALLERS) as pool:
            before = server.stub.Embed(request)
            server.process.send_signal(signal.SIGHUP)
            server.wait_for_log(f"freed version {before.model_version}\n")
            for reply in pool.map(lambda _: server.stub.Embed(request), range(CALLERS * CALLS)):
                self.assertNotEqual(reply.model_version, before.model_version)
                self.assertEqual(reply.embeddings, before.embeddings)


if __name__ == "__main__":
    unittest.main()
