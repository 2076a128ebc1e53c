"""ModelStreamInfer: each call of it answered once, by its id; a wrong one does not end it."""

import queue
import unittest
from collections.abc import Iterator

import grpc

from inference import open_inference_pb2 as oip
from inference import open_inference_pb2_grpc
from integration.infer_messages import integers, output, raw_request
from integration.metric_names import rpc_labels
from integration.server_process import ServerProcess
from integration.waiting import wait_until
from oracle import golden

TINY = f"--model={golden.folder('tiny')}"
ITEMS = 'attnd_stream_items{method="ModelStreamInfer"}'


def item(name: str, ids: list[int], **fields) -> oip.ModelInferRequest:
    """One row."""
    request = raw_request(integers("input_ids", [ids]), **fields)
    request.id = name
    return request


class StreamTest(unittest.TestCase):
    """On servers of the tiny checkpoint."""

    def test_every_item_is_answered_by_its_id_with_the_bytes_of_a_unary_call(self) -> None:
        with ServerProcess(TINY, "--max_stream_items=16") as server:
            stub = open_inference_pb2_grpc.GRPCInferenceServiceStub(server.channel)
            items = [item(f"item {i}", list(range(1 + i % 60))) for i in range(300)]
            replies = list(stub.ModelStreamInfer(iter(items), timeout=60))
            self.assertEqual({reply.error_message for reply in replies}, {""})
            answers = {reply.infer_response.id: reply.infer_response for reply in replies}
            self.assertEqual(len(answers), 300)
            for request in items[:60]:
                self.assertEqual(answers[request.id], stub.ModelInfer(request))
            self.assertEqual(server.metric("grpc_server_msg_received_total" + rpc_labels("ModelStreamInfer")), 300)
            self.assertEqual(server.metric(ITEMS), 0)

    def test_a_wrong_item_gets_a_message_and_the_stream_lives(self) -> None:
        with ServerProcess(TINY) as server:
            stub = open_inference_pb2_grpc.GRPCInferenceServiceStub(server.channel)
            items = queue.SimpleQueue()
            stream = stub.ModelStreamInfer(iter(items.get, None), timeout=60)
            items.put(item("wrong", [1, 512]))
            reply = next(stream)
            self.assertEqual(reply.infer_response, oip.ModelInferResponse(id="wrong"))
            self.assertEqual(reply.error_message, "INVALID_ARGUMENT: input_ids[0, 1] = 512, must be in [0, 512)")
            items.put(item("elsewhere", [1], model_name="other"))
            self.assertTrue(next(stream).error_message.startswith("NOT_FOUND: no model \"other\""))
            items.put(item("good", [1], triton_enable_empty_final_response=True))
            reply = next(stream)
            self.assertEqual((reply.error_message, reply.infer_response.id), ("", "good"))
            self.assertTrue(reply.infer_response.parameters["triton_final_response"].bool_param)
            items.put(None)
            self.assertEqual(list(stream), [])
            self.assertEqual(stream.code(), grpc.StatusCode.OK)
            wait_until(lambda: "method=ModelStreamInfer" in server.log(), "the failures are logged")

    def test_the_server_reads_no_more_than_it_may_hold(self) -> None:
        with ServerProcess(TINY, "--max_stream_items=8") as server:
            stub = open_inference_pb2_grpc.GRPCInferenceServiceStub(server.channel)

            def endless() -> Iterator[oip.ModelInferRequest]:
                while True:
                    # 131 KB a reply: more than a connection buffers.
                    yield item("", [0] * 64, outputs=(output("logits", positions="all"),))

            received = "grpc_server_msg_received_total" + rpc_labels("ModelStreamInfer")
            stream = stub.ModelStreamInfer(endless())

            def stands_still() -> bool:
                before = server.metric(received)
                for _ in range(200):
                    stub.ModelInfer(item("", [1, 2, 3]))
                return server.metric(ITEMS) == 8 and server.metric(received) == before

            wait_until(stands_still, "the stream is full")
            self.assertEqual(len([next(stream) for _ in range(50)]), 50)
            stream.cancel()
            wait_until(lambda: server.metric(ITEMS) == 0, "everything is let go")


if __name__ == "__main__":
    unittest.main()
