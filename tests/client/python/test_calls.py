"""What becomes of calls: errors with their details, retries, several servers, access, cancelling."""

import asyncio
import contextlib
import socket
import tempfile
import time
import unittest
from collections.abc import Iterator
from pathlib import Path

import grpc

import attnd
from client.python.callers import BOTH
from integration.api_keys import ApiKey
from integration.certificates import Authority
from integration.metric_names import rpc_labels
from integration.server_process import ServerProcess
from integration.waiting import wait_until
from oracle import golden

TINY = f"--model={golden.folder('tiny')}"
# Tens of milliseconds of the default model each, so that calls can be caught while they compute.
LONG = [list(range(512))] * 4


def handled(server: ServerProcess, code: str) -> float:
    """Calls of Embed that ended with that code."""
    return server.metric("grpc_server_handled_total" + rpc_labels("Embed", grpc_code=code))


@contextlib.contextmanager
def silent_server() -> Iterator[str]:
    """The address of one that accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


class ErrorsTest(unittest.TestCase):
    """CallError has what the server says."""

    def failure(self, caller, *args, **options) -> attnd.CallError:
        with self.assertRaises(attnd.CallError) as raised:
            caller.call(*args, **options)
        return raised.exception

    def test_details_are_attributes(self) -> None:
        with ServerProcess(TINY) as server:
            for kind in BOTH:
                with self.subTest(kind.__name__), kind(server.address) as caller:
                    error = self.failure(caller, "embed", [[1], [5, 512]], request_id="order-17")
                    self.assertEqual(error.code, grpc.StatusCode.INVALID_ARGUMENT)
                    self.assertEqual(error.message, "inputs[1].token_ids.ids[1] = 512, must be in [0, 512)")
                    self.assertEqual(str(error), f"INVALID_ARGUMENT: {error.message}")
                    [violation] = error.field_violations
                    self.assertEqual(violation.field, "inputs[1].token_ids.ids[1]")
                    self.assertEqual((error.request_id, error.retry_delay_s), ("order-17", None))
                    self.assertEqual(caller.call("embed", [[1]], request_id="order-18").request_id, "order-18")

    def test_a_server_that_is_not_there_is_unavailable(self) -> None:
        for kind in BOTH:
            # Port 1 belongs to nobody.
            with self.subTest(kind.__name__), kind("127.0.0.1:1", retry=None) as caller:
                error = self.failure(caller, "embed", [[1]])
                self.assertEqual((error.code, error.request_id), (grpc.StatusCode.UNAVAILABLE, ""))
                started = time.monotonic()
                error = self.failure(caller, "wait_until_serving", timeout_s=0.3)
                self.assertEqual(error.code, grpc.StatusCode.UNAVAILABLE)
                self.assertLess(time.monotonic() - started, 5)

    def test_waiting_for_a_server_that_does_not_answer_ends_with_DEADLINE_EXCEEDED(self) -> None:
        for kind in BOTH:
            with self.subTest(kind.__name__), silent_server() as address, kind(address, retry=None) as caller:
                error = self.failure(caller, "wait_until_serving", timeout_s=0.3)
                self.assertEqual(error.code, grpc.StatusCode.DEADLINE_EXCEEDED)

    def test_a_client_waits_for_a_server_that_loads(self) -> None:
        for kind in BOTH:
            with ServerProcess.listening() as server, kind(server.address, retry=None) as caller:
                caller.call("wait_until_serving")
                caller.call("embed", [[1]])
                server.wait_until_ready()


class RetriesTest(unittest.TestCase):
    """On a server whose key has no tokens left: RESOURCE_EXHAUSTED, and the exact time to wait."""

    @contextlib.contextmanager
    def limited_server(self):
        """A server and a key of 100 tokens a second, 60 at once."""
        key = ApiKey("caller", "*", "tokens_per_second=100 burst_tokens=60")
        with tempfile.NamedTemporaryFile("w", suffix=".keys") as file:
            file.write(key.line)
            file.flush()
            with ServerProcess(TINY, f"--api_keys={file.name}") as server:
                yield server, key

    def test_a_call_is_made_again_after_the_time_that_the_server_names(self) -> None:
        for kind in BOTH:
            # A backoff that would end all attempts before there are tokens, were the pushback not honoured.
            retry = attnd.RetryPolicy(max_attempts=5, first_backoff_s=0.001, max_backoff_s=0.001)
            with (self.subTest(kind.__name__), self.limited_server() as (server, key),
                  kind(server.address, api_key=key.text, retry=retry) as caller):
                for _ in range(3):
                    caller.call("embed", [[1] * 60])
                self.assertEqual(handled(server, "OK"), 3)
                self.assertGreaterEqual(handled(server, "ResourceExhausted"), 2)

    def test_without_retries_the_error_names_the_time(self) -> None:
        for kind in BOTH:
            with (self.subTest(kind.__name__), self.limited_server() as (server, key),
                  kind(server.address, api_key=key.text, retry=None) as caller):
                caller.call("embed", [[1] * 60])
                with self.assertRaises(attnd.CallError) as raised:
                    caller.call("embed", [[1] * 60])
                self.assertEqual(raised.exception.code, grpc.StatusCode.RESOURCE_EXHAUSTED)
                self.assertTrue(0 < raised.exception.retry_delay_s <= 0.6, raised.exception.retry_delay_s)
                self.assertEqual(handled(server, "ResourceExhausted"), 1)

    def test_the_deadline_ends_the_waiting(self) -> None:
        for kind in BOTH:
            with (self.subTest(kind.__name__), self.limited_server() as (server, key),
                  kind(server.address, api_key=key.text) as caller):
                caller.call("embed", [[1] * 60])
                started = time.monotonic()
                with self.assertRaises(attnd.CallError):
                    caller.call("embed", [[1] * 60], timeout_s=0.1)
                self.assertLess(time.monotonic() - started, 0.5)


class SeveralServersTest(unittest.TestCase):
    """Addresses of servers that serve the same."""

    def test_calls_go_round_and_none_fails_when_one_server_is_killed(self) -> None:
        for kind in BOTH:
            first, second = ServerProcess(TINY), ServerProcess(TINY)
            with self.subTest(kind.__name__), first, contextlib.ExitStack() as stack:
                second.start()
                second.connect(second.wait_until_ready())
                stack.callback(second.discard_log)
                stack.callback(second.wait)
                stack.callback(second.process.kill)
                stack.callback(second.channel.close)
                with kind([first.address, second.address]) as caller:

                    def both_answered() -> bool:
                        caller.call("embed", [[1]])
                        return handled(first, "OK") > 5 and handled(second, "OK") > 5

                    wait_until(both_answered, "both servers have answered")
                    second.process.kill()
                    for _ in range(200):
                        caller.call("embed", [[1]])

    def test_a_server_that_loads_is_left_out(self) -> None:
        for kind in BOTH:
            with self.subTest(kind.__name__), ServerProcess(TINY) as ready, ServerProcess.listening() as loading:
                with kind([loading.address, ready.address], retry=None) as caller:
                    for _ in range(50):
                        caller.call("embed", [[1]])
                    self.assertEqual((handled(ready, "OK"), handled(loading, "Unavailable")), (50, 0))
                loading.wait_until_ready()

    def test_none_fails_when_one_server_drains(self) -> None:
        for kind in BOTH:
            with self.subTest(kind.__name__), ServerProcess(TINY) as first, ServerProcess(TINY) as second:
                with kind([first.address, second.address]) as caller:
                    while handled(second, "OK") == 0:
                        caller.call("embed", [[1]])
                    second.terminate()
                    while second.process.poll() is None:
                        caller.call("embed", [[1]])


class AccessTest(unittest.TestCase):
    """TLS, mutual TLS and keys."""

    @classmethod
    def setUpClass(cls) -> None:
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        servers, clients = Authority(folder, "servers"), Authority(folder, "clients")
        certificate, key = servers.issue("server", 1)
        cls.key = ApiKey("tester")
        (folder / "keys").write_text(cls.key.line)
        cls.server = cls.enterClassContext(ServerProcess(
            TINY, f"--tls_cert={certificate}", f"--tls_key={key}", f"--tls_client_ca={clients.certificate}",
            f"--api_keys={folder / 'keys'}"))
        cls.authorities = servers.certificate
        cls.pair = clients.issue("client", 2)

    def test_a_client_with_certificate_and_key_is_let_in(self) -> None:
        for kind in BOTH:
            for target, name in ((self.server.address, None), (self.server.address, "localhost"),
                                 ([self.server.address, self.server.address], None)):
                tls = attnd.Tls.from_files(self.authorities, *self.pair, server_name=name)
                with self.subTest(kind.__name__), kind(target, tls=tls, api_key=self.key.text) as caller:
                    self.assertEqual(caller.call("embed", [[1]]).embeddings.shape, (1, 64))

    def test_others_are_not(self) -> None:
        known = attnd.Tls.from_files(self.authorities, *self.pair)
        for kind in BOTH:
            for tls, key, code in ((None, self.key.text, "UNAVAILABLE"),
                                   (attnd.Tls.from_files(self.authorities), self.key.text, "UNAVAILABLE"),
                                   (attnd.Tls(None, known.certificate, known.private_key), None, "UNAVAILABLE"),
                                   (known, None, "UNAUTHENTICATED"),
                                   (known, "stranger", "UNAUTHENTICATED")):
                with self.subTest(kind.__name__), kind(self.server.address, tls=tls, api_key=key, retry=None) as caller:
                    with self.assertRaises(attnd.CallError) as raised:
                        caller.call("embed", [[1]])
                    self.assertEqual(raised.exception.code.name, code)


class CancelTest(unittest.TestCase):
    """Calls under way: those that a server computes, and those that one does not answer."""

    def test_closing_an_async_client_ends_its_calls_with_CANCELLED_and_cancels_no_task(self) -> None:
        async def close_while_waiting(address: str) -> None:
            async with attnd.AsyncClient(address) as client:
                closed, cancelled = (asyncio.create_task(client.embed([[1]])) for _ in range(2))
                await asyncio.sleep(0)  # both have made their calls
                cancelled.cancel()
            with self.assertRaisesRegex(attnd.CallError, "CANCELLED: the client was closed"):
                await closed
            with self.assertRaises(asyncio.CancelledError):
                await cancelled

        with silent_server() as address:
            asyncio.run(close_while_waiting(address))

    def test_cancelling_a_task_cancels_its_call(self) -> None:
        with ServerProcess() as server:
            started = "grpc_server_started_total" + rpc_labels("Embed")

            async def give_up() -> None:
                async with attnd.AsyncClient(server.address) as client:
                    tasks = [asyncio.create_task(client.embed(LONG)) for _ in range(4)]
                    await asyncio.to_thread(wait_until, lambda: server.metric(started) == 4, "all calls have come")
                    for task in tasks:
                        task.cancel()
                    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
                    self.assertEqual({type(outcome) for outcome in outcomes}, {asyncio.CancelledError})
                    await asyncio.to_thread(wait_until, lambda: handled(server, "Canceled") == 4, "they are counted")

            asyncio.run(give_up())


if __name__ == "__main__":
    unittest.main()
