"""Another model in place of the one being served, under load."""

import json
import os
import signal
import subprocess
import tempfile
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import numpy as np

from attnd.v1 import admin_pb2, admin_pb2_grpc
from attnd.v1 import inference_pb2 as pb
from integration import health
from integration.error_details import trailers
from integration.messages import ids_input, to_array
from integration.metric_names import rpc_labels
from integration.sanitizer import KEEPS_FREED_MEMORY
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

    @unittest.skipIf(KEEPS_FREED_MEMORY, "a sanitizer keeps what was freed")
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


class AdminTest(unittest.TestCase):
    """Reloads that somebody asks for, at an address apart."""

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.socket = f"unix:{self.folder}/admin.sock"
        for name, seed in (("a", 1), ("b", 2), ("root/c", 3)):
            models.write_folder(self.folder / name, SMALL, models.random_tensors(SMALL, seed))
        self.flags = [f"--model={self.folder}/a", f"--admin_address={self.socket}"]

    def stub(self) -> admin_pb2_grpc.AdminServiceStub:
        """AdminService of the server."""
        return admin_pb2_grpc.AdminServiceStub(self.enterContext(grpc.insecure_channel(self.socket)))

    def refusal(self, stub: admin_pb2_grpc.AdminServiceStub, path: str) -> tuple[grpc.StatusCode, str]:
        """Why a folder is not loaded."""
        call = stub.ReloadModel.future(admin_pb2.ReloadModelRequest(model_path=path))
        return call.code(), call.details()

    def test_the_model_of_the_command_line_is_read_again(self) -> None:
        with ServerProcess(*self.flags) as server:
            self.assertEqual(health.check(server.channel, "attnd.v1.AdminService"), health.SERVING)
            before = server.stub.GetModel(pb.GetModelRequest())
            models.write_folder(self.folder / "new", SMALL, models.random_tensors(SMALL, 4))
            (self.folder / "new" / "model.safetensors").rename(self.folder / "a" / "model.safetensors")
            reply = self.stub().ReloadModel(admin_pb2.ReloadModelRequest())
            after = server.stub.GetModel(pb.GetModelRequest())
            self.assertEqual(reply.previous_model_version, before.model_version)
            self.assertEqual(reply.model_version, after.model_version)
            self.assertEqual(reply.weights_sha256, after.weights_sha256)
            self.assertNotEqual(before.weights_sha256, after.weights_sha256)
            self.assertGreater(reply.load_seconds, 0)
            self.assertGreater(reply.warm_up_seconds, 0)

    def test_only_folders_below_the_root_may_be_named(self) -> None:
        with ServerProcess(*self.flags, f"--model_root={self.folder}/root") as server:
            stub = self.stub()
            reply = stub.ReloadModel(admin_pb2.ReloadModelRequest(model_path="c"))
            self.assertEqual(server.stub.GetModel(pb.GetModelRequest()).name, "c")
            denied = (grpc.StatusCode.PERMISSION_DENIED, "model_path leads to no folder below --model_root")
            for path in (f"{self.folder}/b", "../b", "/no/such/folder"):
                self.assertEqual(self.refusal(stub, path), denied)
            code, details = self.refusal(stub, "none")
            self.assertEqual(code, grpc.StatusCode.FAILED_PRECONDITION)
            self.assertIn("config.json: cannot be opened", details)
            for expected, outcome in ((1, "OK"), (3, "PermissionDenied"), (1, "FailedPrecondition")):
                handled = "grpc_server_handled_total" + rpc_labels("ReloadModel", grpc_code=outcome)
                self.assertEqual(server.metric(handled), expected)
            self.assertEqual(server.stub.GetModel(pb.GetModelRequest()).model_version, reply.model_version)

    def test_no_folder_may_be_named_without_a_root(self) -> None:
        with ServerProcess(*self.flags):
            code, details = self.refusal(self.stub(), f"{self.folder}/b")
            self.assertEqual(code, grpc.StatusCode.PERMISSION_DENIED)
            self.assertIn("without --model_root", details)

    def test_a_refusal_has_a_request_id_advice_about_retries_and_a_line_in_the_log(self) -> None:
        with ServerProcess(*self.flags) as server:
            request = admin_pb2.ReloadModelRequest(model_path="b")
            call = self.stub().ReloadModel.future(request, metadata=[("x-request-id", "reload-17")])
            self.assertEqual(call.code(), grpc.StatusCode.PERMISSION_DENIED)
            self.assertEqual(trailers(call)["x-request-id"], "reload-17")
            self.assertEqual(trailers(call)["grpc-retry-pushback-ms"], "-1")
            server.wait_for_log("call failed: request_id=reload-17 method=ReloadModel stage=decode")

    def test_the_public_port_knows_no_admin_service(self) -> None:
        with ServerProcess(*self.flags) as server:
            call = admin_pb2_grpc.AdminServiceStub(server.channel).ReloadModel.future(admin_pb2.ReloadModelRequest())
            self.assertEqual(call.code(), grpc.StatusCode.UNIMPLEMENTED)

    def test_one_reload_at_a_time_and_none_while_the_first_model_loads(self) -> None:
        with ServerProcess.listening(f"--admin_address={self.socket}") as server:
            server.wait_for_log("loading seeded weights")
            stub = self.stub()
            self.assertEqual(self.refusal(stub, "")[0], grpc.StatusCode.UNAVAILABLE)
            server.wait_until_ready()
            first = stub.ReloadModel.future(admin_pb2.ReloadModelRequest())
            wait_until(lambda: server.log().count("loading seeded weights") == 2, "the second model is being loaded")
            self.assertEqual(self.refusal(stub, "")[0], grpc.StatusCode.ABORTED)
            self.assertEqual(server.metric('attnd_model_reloads_total{outcome="refused"}'), 1)
            self.assertEqual(first.code(), grpc.StatusCode.OK)

    def test_a_caller_who_leaves_does_not_stop_the_reload(self) -> None:
        with ServerProcess(f"--admin_address={self.socket}") as server:
            call = self.stub().ReloadModel.future(admin_pb2.ReloadModelRequest())
            wait_until(lambda: server.log().count("loading seeded weights") == 2, "the second model is being loaded")
            call.cancel()
            server.wait_for_log("reloaded: ")

    def test_attndctl_reloads(self) -> None:
        with ServerProcess(*self.flags, f"--model_root={self.folder}"):
            command = [os.environ["ATTND_CTL"], "reload", f"--server={self.socket}", "--model=b", "--output=json"]
            result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
            self.assertRegex(json.loads(result.stdout)["model_version"], r"^[0-9a-f]{12}-2$")
            self.assertEqual(result.stderr, "loading the model beside the one being served\n")
            result = subprocess.run([*command[:-2], "--model=none"], capture_output=True, text=True, check=False)
            self.assertEqual(result.returncode, 1)
            self.assertIn("attndctl: FAILED_PRECONDITION: the model stays as it is: ", result.stderr)


if __name__ == "__main__":
    unittest.main()
