"""Every row of the table of statuses that a client can bring about: code, details, advice about retries."""

import tempfile
import unittest
from pathlib import Path

import grpc
import numpy as np

from attnd.v1 import inference_pb2 as pb
from google.rpc import error_details_pb2
from integration.error_details import details, trailers
from integration.messages import forward_request, ids_input
from integration.server_process import ServerProcess
from oracle import golden, models

PUSHBACK = "grpc-retry-pushback-ms"
REQUEST_ID = "x-request-id"
GOOD = pb.EmbedRequest(inputs=[ids_input([1, 2, 3])])
CONFIG = {"model_type": "gpt2", "n_embd": 8, "n_head": 2, "n_layer": 1, "n_positions": 16, "vocab_size": 20,
          "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5}


class StatusTest(unittest.TestCase):
    """One server for most of it."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(ServerProcess(f"--model={golden.folder('tiny')}", "--max_request_bytes=5000"))

    def refused(self, call, request, **options) -> grpc.RpcError:
        with self.assertRaises(grpc.RpcError) as raised:
            call(request, **options)
        return raised.exception

    def test_invalid_argument_names_the_field_as_data(self) -> None:
        error = self.refused(self.server.stub.Embed, pb.EmbedRequest(inputs=[ids_input([1]), ids_input([2, 512])]))
        self.assertEqual(error.code(), grpc.StatusCode.INVALID_ARGUMENT)
        [bad_request] = details(error)
        [violation] = bad_request.field_violations
        self.assertEqual(violation.field, "inputs[1].token_ids.ids[1]")
        self.assertEqual(violation.description, error.details())
        self.assertEqual(trailers(error)[PUSHBACK], "-1")

    def test_a_message_beyond_the_limit_is_refused_without_advice(self) -> None:
        error = self.refused(self.server.stub.Embed, pb.EmbedRequest(inputs=[ids_input([300] * 3000)]))
        self.assertEqual(error.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
        self.assertEqual({"grpc-status-details-bin", PUSHBACK} & set(trailers(error)), set())

    def test_an_unknown_method_is_unimplemented(self) -> None:
        error = self.refused(self.server.channel.unary_unary("/attnd.v1.InferenceService/Generate"), b"")
        self.assertEqual(error.code(), grpc.StatusCode.UNIMPLEMENTED)

    def test_unavailable_while_draining_is_to_be_retried_elsewhere_at_once(self) -> None:
        with ServerProcess("--drain_timeout_ms=60000") as server:
            calls = [server.stub.Embed.future(pb.EmbedRequest(inputs=[ids_input(list(range(512)))])) for _ in range(4)]
            calls[0].exception()
            server.terminate()
            late = server.stub.Embed.future(GOOD)
            while late.code() == grpc.StatusCode.OK:
                late = server.stub.Embed.future(GOOD)
            self.assertEqual(late.code(), grpc.StatusCode.UNAVAILABLE)
            [retry_info] = details(late.exception())
            self.assertEqual(retry_info, error_details_pb2.RetryInfo(retry_delay={}))
            self.assertEqual(trailers(late)[PUSHBACK], "0")

    def test_a_full_queue_says_when_to_try_again(self) -> None:
        with ServerProcess("--max_queue_requests=1") as server:
            request = pb.EmbedRequest(inputs=[ids_input(list(range(512)))])
            # A first call makes the connection: those that wait for one are sent the last first.
            server.stub.GetModel(pb.GetModelRequest())
            # One is computed and one waits.
            calls = [server.stub.Embed.future(request) for _ in range(6)]
            refused = [call for call in calls if call.code() == grpc.StatusCode.RESOURCE_EXHAUSTED]
            self.assertGreater(len(refused), 0)
            self.assertEqual({call.code() for call in calls} - {grpc.StatusCode.RESOURCE_EXHAUSTED},
                             {grpc.StatusCode.OK})
            for call in refused:
                [retry_info] = details(call.exception())
                self.assertIsInstance(retry_info, error_details_pb2.RetryInfo)
                self.assertGreaterEqual(retry_info.retry_delay.ToMilliseconds(), 50)
                self.assertEqual(trailers(call)[PUSHBACK], str(retry_info.retry_delay.ToMilliseconds()))

    def test_a_model_that_overflows_is_internal_and_the_log_says_why(self) -> None:
        tensors = models.random_tensors(CONFIG, seed=1)
        tensors["ln_f.weight"][:] = 3e38
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / "broken"
            models.write_folder(folder, CONFIG, tensors)
            with ServerProcess(f"--model={folder}") as server:
                request = forward_request([ids_input([1, 2])], ["ln_f"])
                error = self.refused(server.stub.Forward, request, metadata=[(REQUEST_ID, "from-the-caller")])
                self.assertEqual(error.code(), grpc.StatusCode.INTERNAL)
                self.assertEqual(details(error), [error_details_pb2.RequestInfo(request_id="from-the-caller")])
                self.assertNotIn("finite", error.details())
                self.assertNotIn(PUSHBACK, trailers(error))
                server.wait_for_log("not finite for input 0 of 1")
                [line] = [line for line in server.log().splitlines() if "not finite" in line]
                self.assertIn("from-the-caller", line)
                # What the caller sent as hidden states is the caller's to judge; and the server lives.
                hidden = pb.Tensor(data_type=pb.DATA_TYPE_FLOAT32, shape=[1, 8], data=np.zeros(8, "<f4").tobytes())
                server.stub.Forward(forward_request([pb.Input(hidden_states=hidden)], ["ln_f"]))

    def test_every_answer_carries_a_request_id(self) -> None:
        own = {trailers(call)[REQUEST_ID] for _, call in (self.server.stub.Embed.with_call(GOOD) for _ in range(3))}
        self.assertEqual(len(own), 3)
        for request_id in own:
            self.assertRegex(request_id, r"\A[0-9a-f]{32}\Z")
        _, call = self.server.stub.Embed.with_call(GOOD, metadata=[(REQUEST_ID, "order-17")])
        self.assertEqual(trailers(call)[REQUEST_ID], "order-17")
        _, call = self.server.stub.Embed.with_call(GOOD, metadata=[(REQUEST_ID, "x" * 129)])
        self.assertRegex(trailers(call)[REQUEST_ID], r"\A[0-9a-f]{32}\Z")
        error = self.refused(self.server.stub.Embed, pb.EmbedRequest(), metadata=[(REQUEST_ID, "order-18")])
        self.assertEqual(trailers(error)[REQUEST_ID], "order-18")


if __name__ == "__main__":
    unittest.main()
