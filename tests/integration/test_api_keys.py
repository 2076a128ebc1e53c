"""API keys over TCP: who may call what, and how much of it."""

import json
import os
import queue
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import grpc

from attnd.v1 import admin_pb2, admin_pb2_grpc
from attnd.v1 import inference_pb2 as pb
from google.rpc import error_details_pb2
from inference import open_inference_pb2 as oip
from inference import open_inference_pb2_grpc
from integration import health
from integration.api_keys import ApiKey
from integration.certificates import Authority
from integration.error_details import details, trailers, unpack
from integration.infer_messages import typed_request
from integration.messages import ids_input
from integration.server_process import ServerProcess
from integration.waiting import wait_until
from oracle import golden

MODEL = f"--model={golden.folder('tiny')}"
PUSHBACK = "grpc-retry-pushback-ms"
UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED
DENIED = grpc.StatusCode.PERMISSION_DENIED
EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED
REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"


def embed_request(token_count: int) -> pb.EmbedRequest:
    """One input of so many tokens."""
    return pb.EmbedRequest(inputs=[ids_input([1] * token_count)])


def embed_item(item_id: int, token_count: int) -> pb.EmbedStreamRequest:
    """The same as an item."""
    return pb.EmbedStreamRequest(id=item_id, input=ids_input([1] * token_count))


class ApiKeysTest(unittest.TestCase):
    """Every test has a file of its own, and no key of it is ever in the log."""

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.file = self.folder / "keys"
        self.socket = f"unix:{self.folder}/admin.sock"
        self.keys: list[ApiKey] = []

    def key(self, *arguments: str) -> ApiKey:
        """A new key, in the file from now on."""
        self.keys.append(ApiKey(*arguments))
        self.write("".join(key.line for key in self.keys))
        return self.keys[-1]

    def write(self, text: str) -> None:
        """Replaces the file as a whole."""
        new = self.folder / "new"
        new.write_text(text)
        new.rename(self.file)

    def server(self, *flags: str, model: str = MODEL) -> ServerProcess:
        """A server that reads the file every second."""
        server = ServerProcess(model, f"--api_keys={self.file}", "--reread_interval_s=1", *flags)
        discard = server.discard_log

        def check_and_discard() -> None:
            self.assertNotIn("attnd_", server.log())
            discard()

        server.discard_log = check_and_discard
        return server

    def refused(self, call: grpc.Future, code: grpc.StatusCode) -> grpc.Future:
        """A call that must have failed with `code`."""
        self.assertEqual(call.code(), code, call.details())
        return call

    def rejected(self, server: ServerProcess, method: str, reason: str) -> float:
        return server.metric(f'attnd_rejected_total{{method="{method}",reason="{reason}"}}')

    def all_methods(self, server: ServerProcess, metadata: list[tuple[str, str]]) -> dict[str, grpc.StatusCode]:
        """How a call of every method ends."""
        admin = admin_pb2_grpc.AdminServiceStub(self.enterContext(grpc.insecure_channel(self.socket)))
        oip_stub = open_inference_pb2_grpc.GRPCInferenceServiceStub(server.channel)
        forward = pb.ForwardRequest(inputs=[ids_input([1])], logits=pb.POSITIONS_LAST)
        calls = {
            "Forward": server.stub.Forward.future(forward, metadata=metadata),
            "Embed": server.stub.Embed.future(embed_request(1), metadata=metadata),
            "GetModel": server.stub.GetModel.future(pb.GetModelRequest(), metadata=metadata),
            "Tokenize": server.stub.Tokenize.future(pb.TokenizeRequest(text="a"), metadata=metadata),
            "Detokenize": server.stub.Detokenize.future(pb.DetokenizeRequest(ids=[65]), metadata=metadata),
            "ForwardStream": server.stub.ForwardStream(iter([]), metadata=metadata),
            "EmbedStream": server.stub.EmbedStream(iter([]), metadata=metadata),
            "ReloadModel": admin.ReloadModel.future(admin_pb2.ReloadModelRequest(), metadata=metadata),
            "ModelInfer": oip_stub.ModelInfer.future(typed_request([[1]]), metadata=metadata),
            "ModelStreamInfer": oip_stub.ModelStreamInfer(iter([]), metadata=metadata),
            "ServerMetadata": oip_stub.ServerMetadata.future(oip.ServerMetadataRequest(), metadata=metadata),
            "ModelMetadata": oip_stub.ModelMetadata.future(oip.ModelMetadataRequest(name="tiny"), metadata=metadata),
            "ModelConfig": oip_stub.ModelConfig.future(oip.ModelConfigRequest(name="tiny"), metadata=metadata),
            "ModelStatistics": oip_stub.ModelStatistics.future(oip.ModelStatisticsRequest(), metadata=metadata),
            "RepositoryIndex": oip_stub.RepositoryIndex.future(oip.RepositoryIndexRequest(), metadata=metadata),
        }
        return {name: call.code() for name, call in calls.items()}

    def test_without_a_known_key_no_method_is_called(self) -> None:
        good = self.key("good")
        with self.server(f"--admin_address={self.socket}") as server:
            for metadata in ([], [("authorization", good.text)], [("authorization", f"Basic {good.text}")],
                             ApiKey("stranger").metadata, good.metadata * 2, [("x-api-key", good.text)]):
                self.assertEqual(set(self.all_methods(server, metadata).values()), {UNAUTHENTICATED})
            for method in ("Forward", "ForwardStream", "Embed", "EmbedStream", "GetModel", "Tokenize", "ReloadModel",
                           "ModelInfer", "ModelStreamInfer", "ModelMetadata"):
                self.assertEqual(self.rejected(server, method, "unauthenticated"), 6)

    def test_a_key_allows_the_methods_it_names_and_their_streams(self) -> None:
        keys = {methods: self.key(name, methods)
                for name, methods in (("e", "Embed"), ("fg", "Forward,GetModel"), ("t", "Tokenize"), ("all", "*"),
                                      ("ops", "ReloadModel"), ("i", "ModelInfer"), ("m", "ModelMetadata"))}
        describing = {"ServerMetadata", "ModelMetadata", "ModelConfig", "ModelStatistics", "RepositoryIndex"}
        allowed = {"Embed": {"Embed", "EmbedStream"}, "Forward,GetModel": {"Forward", "ForwardStream", "GetModel"},
                   "Tokenize": {"Tokenize", "Detokenize"}, "ReloadModel": {"ReloadModel"},
                   "ModelInfer": {"ModelInfer", "ModelStreamInfer"}, "ModelMetadata": describing,
                   "*": {"Forward", "Embed", "GetModel", "ForwardStream", "EmbedStream", "Tokenize", "Detokenize",
                         "ModelInfer", "ModelStreamInfer"} | describing}
        with self.server(f"--admin_address={self.socket}") as server:
            for methods, key in keys.items():
                codes = self.all_methods(server, key.metadata)
                self.assertEqual({name for name, code in codes.items() if code == grpc.StatusCode.OK}, allowed[methods])
                self.assertEqual({code for code in codes.values() if code != grpc.StatusCode.OK}, {DENIED})
            self.assertEqual(self.rejected(server, "ReloadModel", "permission_denied"), 6)
            self.assertEqual(self.rejected(server, "Forward", "permission_denied"), 5)
            self.assertEqual(self.rejected(server, "ForwardStream", "permission_denied"), 5)

    def test_refusals_say_what_to_do_and_that_a_retry_cannot_help(self) -> None:
        key = self.key("e", "Embed")
        with self.server() as server:
            call = self.refused(server.stub.Embed.future(embed_request(1)), UNAUTHENTICATED)
            self.assertIn("authorization: Bearer KEY", call.details())
            self.assertEqual(trailers(call)[PUSHBACK], "-1")
            call = self.refused(server.stub.GetModel.future(pb.GetModelRequest(), metadata=key.metadata), DENIED)
            self.assertEqual(call.details(), "the key of e does not allow GetModel")
            self.assertEqual(trailers(call)[PUSHBACK], "-1")

    def test_who_calls_is_asked_before_what_they_want(self) -> None:
        key = self.key("e", "Embed")
        with self.server() as server:
            self.refused(server.stub.Embed.future(pb.EmbedRequest()), UNAUTHENTICATED)
            stream = server.stub.ForwardStream(iter([pb.ForwardStreamRequest(id=1)]), metadata=key.metadata)
            self.assertRaises(grpc.RpcError, list, stream)
            self.refused(stream, DENIED)
            self.refused(server.stub.Embed.future(pb.EmbedRequest(), metadata=key.metadata),
                         grpc.StatusCode.INVALID_ARGUMENT)

    def test_health_and_reflection_are_open(self) -> None:
        self.key("e", "Embed")
        with self.server() as server:
            self.assertEqual(health.check(server.channel), health.SERVING)
            oip_stub = open_inference_pb2_grpc.GRPCInferenceServiceStub(server.channel)
            self.assertTrue(oip_stub.ServerLive(oip.ServerLiveRequest()).live)
            self.assertTrue(oip_stub.ServerReady(oip.ServerReadyRequest()).ready)
            self.assertTrue(oip_stub.ModelReady(oip.ModelReadyRequest(name="tiny")).ready)
            # Neither what is served is told, nor its version.
            for request in (oip.ModelReadyRequest(name="x"), oip.ModelReadyRequest(name="tiny", version="x")):
                call = self.refused(oip_stub.ModelReady.future(request), grpc.StatusCode.NOT_FOUND)
                self.assertEqual(call.details(), "no such model is served here")
            # ServerReflectionRequest { string list_services = 7; }
            replies = server.channel.stream_stream(REFLECTION)(iter([b"\x3a\x01*"]), timeout=30)
            self.assertIn(b"attnd.v1.InferenceService", next(replies))

    def test_beyond_the_rate_the_exact_time_is_told_and_then_the_call_passes(self) -> None:
        key = self.key("slow", "*", "tokens_per_second=20 burst_tokens=60")
        with self.server() as server:
            server.stub.Embed(embed_request(60), metadata=key.metadata)
            refused_at = time.monotonic()
            call = self.refused(server.stub.Embed.future(embed_request(30), metadata=key.metadata), EXHAUSTED)
            [retry_info] = details(call.exception())
            self.assertIsInstance(retry_info, error_details_pb2.RetryInfo)
            delay = retry_info.retry_delay.ToNanoseconds() / 1e9
            self.assertGreater(delay, 0)
            self.assertLessEqual(delay, 1.5)
            self.assertEqual(int(trailers(call)[PUSHBACK]), -(-retry_info.retry_delay.ToNanoseconds() // 1_000_000))

            def passes() -> bool:
                again = server.stub.Embed.future(embed_request(30), metadata=key.metadata)
                if again.code() == EXHAUSTED:
                    return False
                self.assertEqual(again.code(), grpc.StatusCode.OK)
                return True

            wait_until(passes, "the call passes")
            self.assertGreaterEqual(time.monotonic() - refused_at, delay)
            self.assertGreater(self.rejected(server, "Embed", "rate_limited"), 0)
            self.assertEqual(self.rejected(server, "Forward", "rate_limited"), 0)

    def test_more_than_the_burst_is_told_to_be_smaller(self) -> None:
        key = self.key("slow", "*", "tokens_per_second=20 burst_tokens=60")
        with self.server() as server:
            call = server.stub.Embed.future(embed_request(61), metadata=key.metadata)
            self.refused(call, grpc.StatusCode.INVALID_ARGUMENT)
            self.assertIn("the call has 61 tokens, and the key of slow allows at most 60 (burst_tokens) at once",
                          call.details())
            self.assertEqual(trailers(call)[PUSHBACK], "-1")
            # It took nothing.
            server.stub.Embed(embed_request(60), metadata=key.metadata)

    def test_items_of_streams_are_taken_out_of_the_same_rate(self) -> None:
        key = self.key("slow", "*", "tokens_per_second=1 burst_tokens=60")
        with self.server() as server:
            items = [embed_item(1, 50), embed_item(2, 50), embed_item(3, 61), embed_item(4, 10)]
            replies = {reply.id: reply for reply in server.stub.EmbedStream(iter(items), metadata=key.metadata)}
            codes = {item_id: reply.status.code for item_id, reply in replies.items()}
            self.assertEqual(codes, {1: 0, 2: EXHAUSTED.value[0], 3: grpc.StatusCode.INVALID_ARGUMENT.value[0], 4: 0})
            [retry_info] = unpack(replies[2].status)
            self.assertGreater(retry_info.retry_delay.ToSeconds(), 30)
            self.refused(server.stub.Embed.future(embed_request(50), metadata=key.metadata), EXHAUSTED)
            self.assertEqual(self.rejected(server, "EmbedStream", "rate_limited"), 1)
            self.assertEqual(self.rejected(server, "Embed", "rate_limited"), 1)

    def test_a_call_that_the_queue_refuses_costs_nothing(self) -> None:
        key = self.key("slow", "*", "tokens_per_second=1 burst_tokens=60")
        busy = self.key("busy")
        with self.server("--max_queue_requests=1", "--max_batch_tokens=1024", model="--seed=1") as server:
            calls = [server.stub.Embed.future(embed_request(1024), metadata=busy.metadata)]
            wait_until(lambda: server.metric('attnd_inflight_requests{priority="normal"}') == 1, "one is computed")
            calls.append(server.stub.Embed.future(embed_request(1024), metadata=busy.metadata))
            wait_until(lambda: server.metric('attnd_queue_requests{priority="normal"}') == 1, "another waits")
            call = self.refused(server.stub.Embed.future(embed_request(60), metadata=key.metadata), EXHAUSTED)
            self.assertIn("the queue holds 1 calls", call.details())
            for call in calls:
                call.result()
            server.stub.Embed(embed_request(60), metadata=key.metadata)

    def test_keys_have_rates_of_their_own(self) -> None:
        rate = "tokens_per_second=1 burst_tokens=60"
        first, second, unlimited = self.key("a", "*", rate), self.key("b", "*", rate), self.key("c")
        with self.server() as server:
            server.stub.Embed(embed_request(60), metadata=first.metadata)
            self.refused(server.stub.Embed.future(embed_request(60), metadata=first.metadata), EXHAUSTED)
            server.stub.Embed(embed_request(60), metadata=second.metadata)
            for _ in range(5):
                server.stub.Embed(embed_request(60), metadata=unlimited.metadata)

    def test_holders_of_keys_have_equal_shares_though_they_call_from_one_host(self) -> None:
        greedy, modest = self.key("greedy"), self.key("modest")
        with self.server("--max_batch_tokens=1024", model="--seed=1") as server:
            calls = [server.stub.Embed.future(embed_request(1024), metadata=greedy.metadata) for _ in range(6)]
            wait_until(lambda: server.metric('attnd_queue_requests{priority="normal"}') == 5, "five calls wait")
            server.stub.Embed(embed_request(8), metadata=modest.metadata)
            # In the batch after the one under way; for one host it would have been the last.
            self.assertLessEqual(sum(call.done() for call in calls), 2)
            for call in calls:
                call.result()

    def test_a_replaced_file_counts_for_the_next_call_and_for_open_streams(self) -> None:
        old = self.key("old")
        with self.server() as server:
            items = queue.SimpleQueue()
            stream = server.stub.EmbedStream(iter(items.get, None), metadata=old.metadata)
            items.put(embed_item(1, 1))
            self.assertEqual(next(stream).status.code, 0)
            new = ApiKey("new")
            self.write(new.line)
            server.wait_for_log("new API keys: 1")
            server.stub.Embed(embed_request(1), metadata=new.metadata)
            self.refused(server.stub.Embed.future(embed_request(1), metadata=old.metadata), UNAUTHENTICATED)
            items.put(embed_item(2, 1))
            self.assertEqual(next(stream).status.code, UNAUTHENTICATED.value[0])
            items.put(None)
            self.assertEqual(list(stream), [])

    def test_a_bad_new_file_changes_nothing_and_the_log_says_why(self) -> None:
        key = self.key("a")
        with self.server() as server:
            for text, reason in ((f"{key.line}id=b", f"{self.file}:2: sha256 is missing"), (key.text, "word 1 is no"),
                                 ("", "holds no key")):
                self.write(text)
                server.wait_for_log("the API keys in use stay, because ")
                wait_until(lambda: reason in server.log(), reason)
                server.stub.Embed(embed_request(1), metadata=key.metadata)
            self.file.unlink()
            server.wait_for_log(f"{self.file}: cannot be read")
            server.stub.Embed(embed_request(1), metadata=key.metadata)

    def test_the_log_tells_the_id_of_the_key_and_never_the_key(self) -> None:
        key = self.key("indexer", "Embed", "tokens_per_second=1 burst_tokens=60")
        with self.server() as server:
            for metadata in (key.metadata, ApiKey("stranger").metadata):
                server.stub.Embed.future(pb.EmbedRequest(), metadata=metadata).code()
            server.stub.Embed.future(embed_request(60), metadata=key.metadata).code()
            server.stub.Embed.future(embed_request(60), metadata=key.metadata).code()
            server.wait_for_log("RESOURCE_EXHAUSTED")
            wrong, stranger, limited = [line for line in server.log().splitlines() if "call failed" in line]
            self.assertIn("stage=decode code=INVALID_ARGUMENT", wrong)
            self.assertIn("key_id=indexer", wrong)
            self.assertIn("stage=authenticate code=UNAUTHENTICATED", stranger)
            self.assertNotIn("key_id", stranger)
            self.assertIn("stage=queue code=RESOURCE_EXHAUSTED", limited)
            self.assertIn("key_id=indexer", limited)

    def test_a_key_that_attndctl_made_opens_the_server_it_was_made_for(self) -> None:
        command = [os.environ["ATTND_CTL"], "key", "new", "--id=made", "--methods=Embed", "--output=json"]
        made = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout)
        self.write(made["line"])
        with self.server() as server:
            metadata = [("authorization", f"Bearer {made['key']}")]
            server.stub.Embed(embed_request(1), metadata=metadata)
            self.refused(server.stub.GetModel.future(pb.GetModelRequest(), metadata=metadata), DENIED)

    def test_keys_without_tls_are_warned_of_and_with_tls_are_not(self) -> None:
        key = self.key("a")
        with self.server("--address=0.0.0.0:0") as server:
            self.assertIn("their API keys too", server.log())
        authority = Authority(self.folder, "authority")
        certificate, private_key = authority.issue("server", 1)
        with self.server("--address=0.0.0.0:0", f"--tls_cert={certificate}", f"--tls_key={private_key}") as server:
            self.assertNotIn("API keys too", server.log())
            credentials = grpc.composite_channel_credentials(
                grpc.ssl_channel_credentials(authority.certificate.read_bytes()),
                grpc.access_token_call_credentials(key.text))
            port = server.address.rsplit(":", 1)[1]
            with grpc.secure_channel(f"localhost:{port}", credentials) as channel:
                call = channel.unary_unary("/attnd.v1.InferenceService/GetModel")
                self.assertGreater(len(call(b"", timeout=30)), 0)

    def test_a_file_it_cannot_use_ends_the_server_at_start(self) -> None:
        for text, reason in (("id=a", f"{self.file}:1: sha256 is missing"), (None, f"{self.file}: cannot be read")):
            if text is None:
                self.file.unlink()
            else:
                self.write(text)
            command = [os.environ["ATTND_SERVER"], "--address=127.0.0.1:0", "--metrics_address=127.0.0.1:0",
                       f"--api_keys={self.file}"]
            result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
            self.assertEqual((result.returncode, result.stderr), (1, f"attnd: INVALID_ARGUMENT: {reason}\n"))


if __name__ == "__main__":
    unittest.main()
