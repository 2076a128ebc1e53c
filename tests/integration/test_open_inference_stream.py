"""ModelStreamInfer: each call of it answered once, in its turn; a wrong one does not end it."""

import queue
import unittest
from collections.abc import Iterator

import grpc

from inference import open_inference_pb2 as oip
from inference import open_inference_pb2_grpc
from integration.infer_messages import arrays, integers, output, raw_request
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

    def test_every_item_is_answered_in_its_turn_with_the_bytes_of_a_unary_call(self) -> None:
        with ServerProcess(TINY, "--max_stream_items=16", "--engine_workers=2") as server:
            stub = open_inference_pb2_grpc.GRPCInferenceServiceStub(server.channel)
            items = [item(f"item {i}", list(range(1 + i % 60))) for i in range(300)]
            replies = list(stub.ModelStreamInfer(iter(items), timeout=60))
            self.assertEqual({reply.error_message for reply in replies}, {""})
            self.assertEqual([reply.infer_response.id for reply in replies], [request.id for request in items])
            for request, reply in zip(items[:60], replies):
                self.assertTrue(reply.infer_response.parameters.pop("triton_final_response").bool_param)
                self.assertEqual(reply.infer_response, stub.ModelInfer(request))
            self.assertEqual(server.metric("grpc_server_msg_received_total" + rpc_labels("ModelStreamInfer")), 300)
            self.assertEqual(server.metric(ITEMS), 0)

    def test_a_refusal_waits_for_the_answers_before_it(self) -> None:
        with ServerProcess(TINY, "--max_queue_delay_us=200000") as server:
            stub = open_inference_pb2_grpc.GRPCInferenceServiceStub(server.channel)
            # Only the second is known to be wrong before a batch is begun. None has an id.
            items = [item("", [1] * 64), item("", [512]), item("", [2])]
            replies = list(stub.ModelStreamInfer(iter(items), timeout=60))
            self.assertEqual([reply.error_message.partition(":")[0] for reply in replies], ["", "INVALID_ARGUMENT", ""])
            for place in (0, 2):
                self.assertEqual(arrays(replies[place].infer_response)["embedding"].tobytes(),
                                 arrays(stub.ModelInfer(items[place]))["embedding"].tobytes())

    def test_a_cancelled_stream_lets_go_of_answers_that_wait_for_others(self) -> None:
        with ServerProcess(TINY, "--max_queue_delay_us=60000000") as server:
            stub = open_inference_pb2_grpc.GRPCInferenceServiceStub(server.channel)
            items = queue.SimpleQueue()
            stream = stub.ModelStreamInfer(iter(items.get, None))
            items.put(item("", [1]))
            items.put(item("", [512]))
            refused = "grpc_server_msg_received_total" + rpc_labels("ModelStreamInfer")
            wait_until(lambda: server.metric(refused) == 2 and server.metric(ITEMS) == 2, "both are held")
            stream.cancel()
            items.put(None)
            wait_until(lambda: server.metric(ITEMS) == 0, "everything is let go")

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
            items.put(item("good", [1]))
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
