"""What a connection may ask for, and how long it lives."""

import collections
import itertools
import os
import re
import tempfile
import threading
import unittest
from pathlib import Path

import grpc

from attnd.v1 import admin_pb2, admin_pb2_grpc
from attnd.v1 import inference_pb2 as pb
from integration import http2
from integration.server_process import ServerProcess
from integration.waiting import TIMEOUT_SECONDS, wait_until
from oracle import golden

MODEL = f"--model={golden.folder('tiny')}"
# grpc.health.v1.HealthCheckResponse with status 1, as bytes.
SERVING = b"\x08\x01"
# ServerReflectionRequest that asks for the list of services, as bytes.
LIST_SERVICES = b"\x3a\x00"


def watch_health(channel: grpc.Channel, timeout: float = TIMEOUT_SECONDS) -> grpc.Call:
    """A stream that lives until it is cancelled."""
    return channel.unary_stream("/grpc.health.v1.Health/Watch")(b"", timeout=timeout)


def list_services(channel: grpc.Channel) -> bytes:
    """What reflection says."""
    reflect = channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
    return next(reflect(iter([LIST_SERVICES]), timeout=TIMEOUT_SECONDS))


def reflection_answers(channel: grpc.Channel) -> bool:
    """Whether it has room for a call."""
    try:
        return bool(list_services(channel))
    except grpc.RpcError:
        return False


def peak_memory_bytes(server: ServerProcess) -> int:
    """The most that the process ever had resident."""
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) << 10


class LimitsTest(unittest.TestCase):
    """Amounts."""

    def test_headers_beyond_the_limit_are_refused_and_the_server_lives(self) -> None:
        with ServerProcess(MODEL, "--max_metadata_bytes=2048") as server:
            request = pb.GetModelRequest()
            server.stub.GetModel(request)
            with self.assertRaises(grpc.RpcError) as raised:
                server.stub.GetModel(request, metadata=[("padding", "x" * 4096)])
            self.assertEqual(raised.exception.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
            headers = [("padding", "x" * 1024)]
            wait_until(lambda: server.stub.GetModel.future(request, metadata=headers).code() == grpc.StatusCode.OK,
                       "a call with headers below the limit")

    def test_reflection_takes_no_more_threads_than_it_may_and_others_are_served(self) -> None:
        with ServerProcess(MODEL) as server:
            reflect = server.channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
            threads = f"/proc/{server.process.pid}/task"
            before = len(os.listdir(threads))
            never = threading.Event()
            calls = [reflect(iter(never.wait, True), timeout=TIMEOUT_SECONDS) for _ in range(64)]
            wait_until(lambda: any(call.done() for call in calls), "one more than there is room for is refused")
            self.assertEqual({call.code() for call in calls if call.done()}, {grpc.StatusCode.RESOURCE_EXHAUSTED})
            server.stub.Embed(pb.EmbedRequest(inputs=[pb.Input(token_ids=pb.TokenIds(ids=[1]))]))
            self.assertLess(len(os.listdir(threads)) - before, 16)
            for call in calls:
                call.cancel()
            never.set()
            wait_until(lambda: reflection_answers(server.channel), "reflection has room again")

    def test_calls_beyond_the_limit_of_a_connection_wait_in_the_client(self) -> None:
        with ServerProcess(MODEL, "--max_concurrent_streams=1") as server:
            first = watch_health(server.channel)
            self.assertEqual(next(first), SERVING)
            with self.assertRaises(grpc.RpcError) as raised:
                next(watch_health(server.channel, timeout=0.3))
            self.assertEqual(raised.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
            first.cancel()
            second = watch_health(server.channel)
            self.assertEqual(next(second), SERVING)
            second.cancel()

    def test_requests_beyond_the_memory_quota_are_ended_and_the_server_lives(self) -> None:
        quota, request_bytes = 8 << 20, 4 << 20
        with ServerProcess(MODEL, f"--memory_quota_bytes={quota}", f"--max_request_bytes={request_bytes}") as server:
            server.stub.GetModel(pb.GetModelRequest())
            send = server.channel.unary_unary("/attnd.v1.InferenceService/Embed")
            calls = [send.future(b"\x7a" + bytes(request_bytes - 100), timeout=TIMEOUT_SECONDS) for _ in range(40)]
            codes = collections.Counter(call.code().name for call in calls)
            print(f"calls of {request_bytes} bytes below a quota of {quota}: {dict(codes)}")
            # What arrives whole is no request of the method.
            self.assertLess(codes["UNIMPLEMENTED"], len(calls))
            server.stub.GetModel(pb.GetModelRequest(), wait_for_ready=True, timeout=TIMEOUT_SECONDS)

    def test_compressed_messages_are_refused_before_they_are_inflated(self) -> None:
        # Zeros, of which gzip makes a thousandth.
        size = 200 << 20
        bomb = bytes(size)
        with ServerProcess(MODEL) as server:
            request = pb.GetModelRequest()
            server.stub.GetModel(request)
            before = peak_memory_bytes(server)
            for method in ("/attnd.v1.InferenceService/Embed", "/grpc.health.v1.Health/Check"):
                call = server.channel.unary_unary(method).future(bomb, compression=grpc.Compression.Gzip,
                                                                 timeout=TIMEOUT_SECONDS)
                self.assertEqual(call.code(), grpc.StatusCode.UNIMPLEMENTED)
            self.assertLess(peak_memory_bytes(server) - before, size / 4)
            server.stub.GetModel(request)


class LifetimeTest(unittest.TestCase):
    """The ends of connections."""

    def test_one_that_is_too_old_is_closed_and_the_next_call_opens_another(self) -> None:
        with ServerProcess(MODEL, "--max_connection_age_s=1", "--max_connection_age_grace_s=0") as server:
            watch = watch_health(server.channel)
            self.assertEqual(next(watch), SERVING)
            with self.assertRaises(grpc.RpcError) as raised:
                next(watch)
            self.assertEqual(raised.exception.code(), grpc.StatusCode.UNAVAILABLE)
            server.stub.GetModel(pb.GetModelRequest(), wait_for_ready=True, timeout=TIMEOUT_SECONDS)

    def test_one_that_does_not_answer_a_probe_is_closed(self) -> None:
        with ServerProcess(MODEL, "--keepalive_time_s=1", "--keepalive_timeout_s=1") as server:
            with http2.connect(server.address) as connection:
                kinds = [kind for kind, _ in http2.frames(connection)]
            self.assertIn(http2.PING, kinds)

    def test_one_that_probes_too_often_is_told_so_and_closed(self) -> None:
        with ServerProcess(MODEL, "--min_ping_interval_s=1000") as server:
            with http2.connect(server.address) as connection:
                connection.sendall(10 * http2.frame(http2.PING, bytes(8)))
                goodbyes = [payload for kind, payload in http2.frames(connection) if kind == http2.GOAWAY]
            self.assertIn(b"too_many_pings", b"".join(goodbyes))


class AdminAddressTest(unittest.TestCase):
    """The same of the address that AdminService has."""

    def setUp(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.address = f"unix:{folder}/admin.sock"
        self.flags = [MODEL, f"--admin_address={self.address}"]
        self.channel = self.enterContext(grpc.insecure_channel(self.address))

    def reload(self, padding: str, timeout: float = TIMEOUT_SECONDS) -> grpc.Call:
        """A reload that ended, with such a header."""
        call = admin_pb2_grpc.AdminServiceStub(self.channel).ReloadModel.future(
            admin_pb2.ReloadModelRequest(), metadata=[("padding", padding)], timeout=timeout)
        call.code()
        return call

    def test_headers_beyond_the_limit_are_refused_and_the_server_lives(self) -> None:
        with ServerProcess(*self.flags, "--max_metadata_bytes=2048"):
            self.assertEqual(self.reload("x" * 4096).code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
            wait_until(lambda: self.reload("x" * 1024).code() == grpc.StatusCode.OK, "a call below the limit")

    def test_calls_beyond_the_limit_of_a_connection_wait_in_the_client(self) -> None:
        with ServerProcess(*self.flags, "--max_concurrent_streams=1"):
            reflect = self.channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
            never = threading.Event()
            first = reflect(itertools.chain([LIST_SERVICES], iter(never.wait, True)), timeout=TIMEOUT_SECONDS)
            self.assertTrue(next(first))
            self.assertEqual(self.reload("", timeout=0.3).code(), grpc.StatusCode.DEADLINE_EXCEEDED)
            first.cancel()
            never.set()
            self.assertEqual(self.reload("").code(), grpc.StatusCode.OK)

    def test_reflection_can_be_switched_off(self) -> None:
        with ServerProcess(*self.flags, "--reflection=false"):
            with self.assertRaises(grpc.RpcError) as raised:
                list_services(self.channel)
            self.assertEqual(raised.exception.code(), grpc.StatusCode.UNIMPLEMENTED)
            self.assertEqual(self.reload("").code(), grpc.StatusCode.OK)

class ExposureTest(unittest.TestCase):
    """Who can reach it."""

    def test_other_addresses_than_loopback_are_warned_of(self) -> None:
        with ServerProcess(MODEL, "--address=0.0.0.0:0") as server:
            self.assertIn("gRPC is served on --address=0.0.0.0:0 without TLS", server.log())
        with ServerProcess(MODEL) as server:
            self.assertNotIn("without TLS", server.log())

    def test_reflection_can_be_switched_off(self) -> None:
        with ServerProcess(MODEL) as server:
            self.assertIn(b"attnd.v1.InferenceService", list_services(server.channel))
        with ServerProcess(MODEL, "--reflection=false") as server:
            with self.assertRaises(grpc.RpcError) as raised:
                list_services(server.channel)
            self.assertEqual(raised.exception.code(), grpc.StatusCode.UNIMPLEMENTED)


if __name__ == "__main__":
    unittest.main()
