"""Another model in place of the one being served, under load."""

import os
import signal
import tempfile
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import numpy as np

from attnd.v1 import inference_pb2 as pb
from integration.messages import ids_input, to_array
from integration.server_process import ServerProcess
from integration.waiting import wait_until
from oracle import models
from oracle.gpt2 import relative_error

TOLERANCE = 1e-5
SMALL = {"n_embd": 48, "n_head": 4, "n_layer": 2, "n_positions": 64, "vocab_size": 300}
# Differs in everything a request is checked against.
OTHER = {"n_embd": 32, "n_head": 2, "n_layer": 3, "n_positions": 16, "vocab_size": 200}
# Large enough for a copy of it to be seen in the memory of the process.
LARGE = {"n_embd": 256, "n_head": 4, "n_layer": 2, "n_positions": 64, "vocab_size": 30000}
LARGE_BYTES = 30000 * 256 * 4
IDS = [1, 2, 3, 199, 0]
CALLERS = 4


class ReloadTest(unittest.TestCase):
    """A server whose --model is a symbolic link that points to one checkpoint after the other."""

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.link = self.folder / "served"

    def write(self, name: str, config: dict, seed: int) -> np.ndarray:
        """Writes a checkpoint and returns what the oracle embeds IDS as."""
        models.write_folder(self.folder / name, config, models.random_tensors(config, seed))
        return models.read_folder(self.folder / name).forward(IDS).embedding("last", normalize=True)

    def point_to(self, name: str) -> None:
        """Lets the link point to a checkpoint, in one step."""
        temporary = self.folder / "next"
        temporary.symlink_to(self.folder / name)
        temporary.rename(self.link)

    def reload(self, server: ServerProcess, name: str) -> str:
        """Reloads by SIGHUP; returns the version served then, once the one before is freed."""
        before = server.stub.GetModel(pb.GetModelRequest()).model_version
        self.point_to(name)
        server.process.send_signal(signal.SIGHUP)
        server.wait_for_log(f"freed version {before}\n")
        return server.stub.GetModel(pb.GetModelRequest()).model_version

    def test_every_reply_is_of_the_model_it_names_and_no_call_fails(self) -> None:
        expected = {"a": self.write("a", SMALL, 1), "b": self.write("b", OTHER, 2), "c": self.write("c", SMALL, 3)}
        request = pb.EmbedRequest(inputs=[ids_input(IDS)] * 3)
        ended = threading.Event()

        def call_until_ended() -> list[pb.EmbedResponse]:
            replies = []
            while not ended.is_set():
                replies.append(server.stub.Embed(request))
            return replies

        self.point_to("a")
        # A batch holds less than one call: every call is spread over two.
        with (ServerProcess(f"--model={self.link}", "--max_batch_tokens=64") as server,
              ThreadPoolExecutor(CALLERS) as pool):
            versions = {server.stub.GetModel(pb.GetModelRequest()).model_version: "a"}
            callers = [pool.submit(call_until_ended) for _ in range(CALLERS)]
            try:
                for name in ["b", "a", "c", "b", "c", "a"]:
                    versions[self.reload(server, name)] = name
            finally:
                ended.set()
            replies = [reply for caller in callers for reply in caller.result()]
            self.assertEqual(len(versions), 7)
            self.assertEqual(server.metric('attnd_model_reloads_total{outcome="done"}'), 6)
        for reply in replies:
            for row in to_array(reply.embeddings):
                self.assertLess(relative_error(row, expected[versions[reply.model_version]]), TOLERANCE)
        served = {versions[reply.model_version] for reply in replies}
        print(f"{len(replies)} calls, all answered, by {sorted(served)}")
        self.assertEqual(served, {"a", "b", "c"})

    def test_limits_and_metrics_follow_the_model(self) -> None:
        self.write("a", SMALL, 1)
        self.write("b", OTHER, 2)
        self.point_to("a")
        with ServerProcess(f"--model={self.link}", "--model_name=served") as server:
            long = pb.EmbedRequest(inputs=[ids_input([0] * 64)])
            first = server.stub.Embed(long).model_version
            second = self.reload(server, "b")
            model = server.stub.GetModel(pb.GetModelRequest())
            self.assertEqual(model.model_version, second)
            self.assertEqual(second, f"{model.weights_sha256[:12]}-2")
            self.assertEqual(model.config.vocabulary_size, 200)
            self.assertEqual(model.limits.max_input_tokens, 16)
            with self.assertRaises(grpc.RpcError) as raised:
                server.stub.Embed(long)
            self.assertEqual(raised.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)
            info = [line for line in server.scrape().splitlines() if line.startswith("attnd_model_info")]
            self.assertEqual(len(info), 1)
            self.assertIn(f'version="{second}"', info[0])
            self.assertNotIn(first, info[0])

    def test_a_checkpoint_that_cannot_be_served_changes_nothing(self) -> None:
        self.write("good", SMALL, 1)
        self.write("cut", SMALL, 2)
        file = self.folder / "cut" / "model.safetensors"
        os.truncate(file, file.stat().st_size - 1)
        self.write("long", SMALL | {"n_positions": 4096}, 3)
        self.point_to("good")
        with ServerProcess(f"--model={self.link}") as server:
            request = pb.EmbedRequest(inputs=[ids_input(IDS)])
            before = server.stub.Embed(request)
            for failures, (name, reason) in enumerate([("cut", "model.safetensors: "), ("missing", "config.json: "),
                                                       ("long", "must be at least the context length")], 1):
                self.point_to(name)
                server.process.send_signal(signal.SIGHUP)
                wait_until(lambda: server.metric('attnd_model_reloads_total{outcome="failed"}') == failures, name)
                message = server.log().rsplit("reload failed, the model stays as it is: ", 1)[1]
                self.assertIn(reason, message)
                self.assertEqual(server.metric("attnd_ready"), 1)
            after = server.stub.Embed(request)
            self.assertEqual(after.model_version, before.model_version)
            self.assertEqual(after.embeddings, before.embeddings)
            self.assertEqual(server.metric('attnd_model_reloads_total{outcome="done"}'), 0)

    def test_memory_returns_to_what_one_model_takes(self) -> None:
        self.write("a", LARGE, 1)
        self.point_to("a")
        resident = "process_resident_memory_bytes"
        with ServerProcess(f"--model={self.link}") as server:
            self.reload(server, "a")
            once = server.metric(resident)
            for _ in range(6):
                self.reload(server, "a")
            grown = server.metric(resident) - once
            print(f"{once / 1e6:.0f} MB after one reload, {grown / 1e6:+.1f} MB after six more")
            self.assertLess(grown, LARGE_BYTES)

    def test_a_signal_ends_a_server_in_the_middle_of_a_reload(self) -> None:
        with ServerProcess() as server:
            server.process.send_signal(signal.SIGHUP)
            wait_until(lambda: server.log().count("loading seeded weights") == 2, "the second model is being loaded")
            server.terminate()
            self.assertEqual(server.wait(), 0)
            self.assertNotIn("reloaded", server.log())

    def test_a_reload_asked_for_while_the_first_model_loads_comes_after_it(self) -> None:
        with ServerProcess.listening() as server:
            server.process.send_signal(signal.SIGHUP)
            server.wait_until_ready()
            server.wait_for_log("reloaded: ")
            version = server.stub.Embed(pb.EmbedRequest(inputs=[ids_input([1])])).model_version
            self.assertTrue(version.endswith("-2"), version)


if __name__ == "__main__":
    unittest.main()
