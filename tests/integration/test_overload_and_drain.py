"""More load than the server can take, and SIGTERM in the middle of it."""

import json
import os
import re
import subprocess
import tempfile
import threading
import unittest
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc

from attnd.v1 import inference_pb2 as pb
from attnd.v1 import inference_pb2_grpc
from integration import health
from integration.messages import ids_input
from integration.metric_names import rpc_labels
from integration.sanitizer import KEEPS_FREED_MEMORY
from integration.server_process import ServerProcess
from integration.waiting import TIMEOUT_SECONDS, wait_until
from oracle import golden

# Calls of the default model take tens of milliseconds: long enough to queue up behind each other.
LENGTH = "--length=uniform:1:64"
CALLS = 200
CALLERS = 20


def load(server: ServerProcess, *flags: str) -> dict:
    """Runs attnd-load and returns its report."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [os.environ["ATTND_LOAD"], f"--server={server.address}", "--method=embed", LENGTH, f"--json={report}"]
        subprocess.run([*command, *flags], check=True, capture_output=True, timeout=120)
        return json.loads(report.read_text())


class OverloadTest(unittest.TestCase):
    """Backpressure."""

    @unittest.skipIf(KEEPS_FREED_MEMORY, "memory is not given back under a sanitizer")
    def test_calls_that_wait_do_not_hold_their_messages(self) -> None:
        # A batch with room waits for more calls.
        with ServerProcess(f"--model={golden.folder('tiny')}", "--max_queue_delay_us=60000000") as server:
            embed = server.channel.unary_unary("/attnd.v1.InferenceService/Embed")
            # Field 1000, which the server does not know, of 8 MB.
            size = 8 << 20
            unknown = b"\xc2\x3e" + b"\x80\x80\x80\x04" + bytes(size)
            message = pb.EmbedRequest(inputs=[ids_input([1, 2])]).SerializeToString() + unknown
            before = server.metric("process_resident_memory_bytes")
            calls = [embed.future(message) for _ in range(16)]
            wait_until(lambda: server.metric('attnd_queue_requests{priority="normal"}') == 16, "all calls wait")
            wait_until(lambda: server.metric("process_resident_memory_bytes") - before < 60e6,
                       "the memory of 16 messages, 134 MB, is given back")
            for call in calls:
                call.cancel()

    def test_refuses_what_is_too_much_and_keeps_its_goodput(self) -> None:
        with ServerProcess("--max_queue_requests=8") as server:
            # Eight waiting callers are what the queue holds. Before and after, for machines are noisy.
            before = load(server, "--concurrency=8", "--duration_s=5")
            rate = 4 * before["ok_per_second"]
            overload = load(server, f"--rate_per_s={rate:.1f}", "--duration_s=8")
            after = load(server, "--concurrency=8", "--duration_s=5")
            capacity = min(before["ok_tokens_per_second"], after["ok_tokens_per_second"])
            goodput = overload["ok_tokens_per_second"] / capacity
            slowest = overload["latency_ms"]["p99"] / max(before["latency_ms"]["p99"], after["latency_ms"]["p99"])
            print(f"capacity {before['ok_per_second']:.1f} calls/s; offered {rate:.1f}: {overload['calls_by_code']}, "
                  f"goodput {goodput:.2f} of capacity, p99 {slowest:.2f} of that with a full queue and no more")
            self.assertGreater(overload["calls_by_code"].get("RESOURCE_EXHAUSTED", 0), 0)
            self.assertEqual(set(overload["calls_by_code"]), {"OK", "RESOURCE_EXHAUSTED"})
            self.assertGreater(goodput, 0.8)
            # Another batch may be running while eight calls wait.
            self.assertLess(slowest, 4)
            server.stub.Embed(pb.EmbedRequest(inputs=[ids_input([1])]))

    def test_replies_that_are_pending_are_bounded_and_released(self) -> None:
        with ServerProcess("--max_pending_reply_bytes=10000") as server:
            request = pb.EmbedRequest(inputs=[ids_input(list(range(64)))])
            calls = [server.stub.Embed.future(request) for _ in range(20)]
            refused = [call for call in calls if call.code() != grpc.StatusCode.OK]
            self.assertEqual({call.code() for call in refused}, {grpc.StatusCode.RESOURCE_EXHAUSTED})
            self.assertIn("would exceed the limit of 10000", refused[0].details())
            self.assertEqual(server.metric('attnd_rejected_total{method="Embed",reason="reply_bytes"}'), len(refused))
            # A reply may be released a moment after it was read, but it is.
            for _ in range(10):
                wait_until(lambda: server.stub.Embed.future(request).code() == grpc.StatusCode.OK, "a call accepted")


class GivenUpTest(unittest.TestCase):
    """Calls that nobody waits for when they have been computed."""

    def check_counted_as(self, code: str, give_up: Callable[[ServerProcess, pb.EmbedRequest], None]) -> None:
        with ServerProcess() as server:
            request = pb.EmbedRequest(inputs=[ids_input(list(range(512)))] * 4)
            # A first call, so that the next one is not given up while the connection is still being made.
            server.stub.GetModel(pb.GetModelRequest())
            give_up(server, request)
            handled = "grpc_server_handling_seconds_count" + rpc_labels("Embed")
            wait_until(lambda: server.metric(handled) == 1, "the call given up is counted")
            self.assertEqual(server.metric("grpc_server_handled_total" + rpc_labels("Embed", grpc_code=code)), 1)

    def test_one_whose_deadline_passed_counts_as_deadline_exceeded(self) -> None:
        def wait_too_short(server: ServerProcess, request: pb.EmbedRequest) -> None:
            with self.assertRaises(grpc.RpcError) as raised:
                server.stub.Embed(request, timeout=0.5)
            self.assertEqual(raised.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)

        self.check_counted_as("DeadlineExceeded", wait_too_short)

    def test_one_whose_caller_left_counts_as_cancelled(self) -> None:
        def leave(server: ServerProcess, request: pb.EmbedRequest) -> None:
            call = server.stub.Embed.future(request)
            wait_until(lambda: server.metric('attnd_inflight_requests{priority="normal"}') == 1, "the call is computed")
            call.cancel()

        self.check_counted_as("Canceled", leave)


class DrainTest(unittest.TestCase):
    """The end of a server."""

    def test_sigterm_under_load_loses_no_accepted_request(self) -> None:
        with ServerProcess("--max_queue_requests=50") as server:
            request = pb.EmbedRequest(inputs=[ids_input(list(range(64)))])
            # A first call makes the connection: those that wait for one are sent the last first.
            server.stub.GetModel(pb.GetModelRequest())
            calls = [server.stub.Embed.future(request) for _ in range(CALLS)]
            # Once the first is answered others are queued.
            calls[0].exception()
            server.terminate()
            codes = [call.code() for call in calls]
            self.assertEqual(server.wait(), 0)
            answered = codes.count(grpc.StatusCode.OK)
            accepted, completed = map(int, re.search(r"drained: accepted=(\d+) completed=(\d+)", server.log()).groups())
            print(f"{CALLS} calls: {answered} answered, {accepted} accepted, {completed} completed")
            self.assertEqual(answered, accepted)
            self.assertEqual(answered, completed)
            self.assertGreater(answered, 1)
            refused = {grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE}
            self.assertLessEqual(set(codes), {grpc.StatusCode.OK} | refused)

    def test_calls_sent_while_draining_are_unavailable(self) -> None:
        with ServerProcess() as server:
            watch = health.watch(server.channel)
            self.assertEqual(next(watch), health.SERVING)
            request = pb.EmbedRequest(inputs=[ids_input(list(range(64)))])
            calls = [server.stub.Embed.future(request) for _ in range(50)]
            calls[0].exception()
            server.terminate()
            self.assertEqual(next(watch), health.NOT_SERVING)
            # The first of these may still be accepted; accepted calls end before the server does.
            late = server.stub.Embed.future(request)
            while late.code() == grpc.StatusCode.OK:
                late = server.stub.Embed.future(request)
            self.assertEqual(late.code(), grpc.StatusCode.UNAVAILABLE)
            self.assertEqual({call.code() for call in calls}, {grpc.StatusCode.OK})
            watch.cancel()

    def test_texts_that_wait_to_become_tokens_are_unavailable(self) -> None:
        # Of 2 MB, tenths of a second each.
        request = pb.EmbedRequest(inputs=[pb.Input(text="it's a text. " * 150_000)], truncate=True)
        with ServerProcess(f"--model={golden.folder('tiny')}") as server:
            # A first call makes the connection.
            server.stub.GetModel(pb.GetModelRequest())
            calls = [server.stub.Embed.future(request) for _ in range(15)]
            started = "grpc_server_started_total" + rpc_labels("Embed")
            wait_until(lambda: server.metric(started) == len(calls), "all calls have arrived")
            server.terminate()
            codes = [call.code() for call in calls]
            self.assertIn(grpc.StatusCode.UNAVAILABLE, codes)
            self.assertLessEqual(set(codes), {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE})

    def test_callers_that_keep_calling_hear_unavailable(self) -> None:
        def call_until_refused(address: str) -> grpc.StatusCode:
            with grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
                stub = inference_pb2_grpc.InferenceServiceStub(channel)
                stub.Embed(request)
                called.release()
                while (code := stub.Embed.future(request).code()) == grpc.StatusCode.OK:
                    pass
                return code

        request = pb.EmbedRequest(inputs=[ids_input([1, 2, 3])])
        called = threading.Semaphore(0)
        with ServerProcess(f"--model={golden.folder('tiny')}") as server, ThreadPoolExecutor(CALLERS) as pool:
            codes = [pool.submit(call_until_refused, server.address) for _ in range(CALLERS)]
            for _ in range(CALLERS):
                self.assertTrue(called.acquire(timeout=TIMEOUT_SECONDS))
            server.terminate()
            self.assertEqual({code.result() for code in codes}, {grpc.StatusCode.UNAVAILABLE})

    def test_calls_not_finished_in_time_are_answered_with_unavailable(self) -> None:
        with ServerProcess("--drain_timeout_ms=1") as server:
            request = pb.EmbedRequest(inputs=[ids_input(list(range(512)))])
            # A first call makes the connection: those that wait for one are sent the last first.
            server.stub.GetModel(pb.GetModelRequest())
            calls = [server.stub.Embed.future(request) for _ in range(100)]
            calls[0].exception()
            server.terminate()
            codes = [call.code() for call in calls]
            self.assertEqual(server.wait(), 0)
            self.assertIn("accepted calls were not finished within", server.log())
            self.assertEqual(set(codes), {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE})


if __name__ == "__main__":
    unittest.main()
