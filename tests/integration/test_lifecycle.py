"""From the first moment of a server to its last, as its callers and its operator see it."""

import signal
import unittest

import grpc

from attnd.v1 import inference_pb2 as pb
from integration import health
from integration.messages import forward_request, ids_input
from integration.server_process import ServerProcess
from oracle import golden

# What health answers for: the whole server, and its service.
NAMES = ["", "attnd.v1.InferenceService"]
LOADING = "this server is loading its model; call it again once its health is SERVING"


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

    def test_health_says_not_serving_while_calls_are_still_taken(self) -> None:
        with ServerProcess("--drain_delay_ms=1500") as server:
            watch = health.watch(server.channel)
            self.assertEqual(next(watch), health.SERVING)
            server.terminate()
            self.assertEqual(next(watch), health.NOT_SERVING)
            reply = server.stub.Embed(pb.EmbedRequest(inputs=[ids_input([1])]))
            self.assertEqual(len(reply.token_counts), 1)
            watch.cancel()


if __name__ == "__main__":
    unittest.main()
