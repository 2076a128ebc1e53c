"""What the log says of calls that fail, in both formats."""

import json
import unittest

import grpc

from attnd.v1 import inference_pb2 as pb
from integration.messages import ids_input
from integration.server_process import ServerProcess
from oracle import golden

TINY = f"--model={golden.folder('tiny')}"
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
METADATA = [("x-request-id", "order-17"), ("traceparent", f"00-{TRACE_ID}-b7ad6b7169203331-01")]


class LogsTest(unittest.TestCase):
    """A server a format."""

    def test_json_is_one_object_a_line_and_one_line_a_failure(self) -> None:
        with ServerProcess(TINY, "--log_format=json") as server:
            server.stub.Embed(pb.EmbedRequest(inputs=[ids_input([1])]), metadata=[("x-request-id", "good")])
            with self.assertRaises(grpc.RpcError) as raised:
                server.stub.Embed(pb.EmbedRequest(inputs=[ids_input([7, 512])]), metadata=METADATA)
            item = pb.EmbedStreamRequest(id=2**64 - 1)
            list(server.stub.EmbedStream(iter([item]), metadata=[("traceparent", "00-0-0-01")]))
            server.wait_for_log('"method":"EmbedStream"')
            server.terminate()
            server.wait()
            lines = [json.loads(line) for line in server.log().splitlines()]
            self.assertEqual({line["event"] for line in lines}, {"log", "call_failed"})
            unary, stream = [line for line in lines if line["event"] == "call_failed"]
            self.assertGreater(unary.pop("duration_seconds"), 0)
            self.assertRegex(unary.pop("time"), r"\A\d{4}-\d\d-\d\dT[\d:.]+\+00:00\Z")
            self.assertEqual(unary, {"severity": "INFO", "event": "call_failed", "request_id": "order-17",
                                     "method": "Embed", "stage": "decode", "code": "INVALID_ARGUMENT", "tokens": 0,
                                     "peer": "ipv4:127.0.0.1", "trace_id": TRACE_ID,
                                     "message": raised.exception.details()})
            self.assertEqual((stream["item_id"], stream["stage"]), (2**64 - 1, "decode"))
            self.assertNotIn("trace_id", stream)

    def test_text_is_one_line_a_failure(self) -> None:
        with ServerProcess(TINY) as server:
            with self.assertRaises(grpc.RpcError):
                server.stub.Embed(pb.EmbedRequest(inputs=[ids_input([1])], pooling=9), metadata=METADATA)
            server.wait_for_log("call failed")
            [line] = [line for line in server.log().splitlines() if "call failed" in line]
            for text in ("request_id=order-17", "method=Embed", "stage=decode", "code=INVALID_ARGUMENT",
                         f"trace_id={TRACE_ID}", 'message="pooling = 9'):
                self.assertIn(text, line)

    def test_a_flood_of_failures_is_cut_and_counted(self) -> None:
        with ServerProcess(TINY, "--log_format=json") as server:
            items = [pb.EmbedStreamRequest(id=i) for i in range(3000)]
            self.assertEqual(len(list(server.stub.EmbedStream(iter(items)))), 3000)
            failures = [line for line in map(json.loads, server.log().splitlines()) if line["event"] == "call_failed"]
            self.assertEqual(len(failures) + server.metric("attnd_log_dropped_total"), 3000)


if __name__ == "__main__":
    unittest.main()
