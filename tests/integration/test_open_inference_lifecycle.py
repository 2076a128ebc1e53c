"""The Open Inference Protocol while a server starts, reloads and drains."""

import contextlib
import io
import queue
import re
import shutil
import signal
import tempfile
import unittest
from pathlib import Path

import grpc

from inference import open_inference_pb2 as oip
from inference import open_inference_pb2_grpc
from integration.infer_messages import typed_request
from integration.server_process import ServerProcess
from integration.waiting import wait_until
from oracle import golden

DOCUMENT = Path(__file__).parents[2] / "docs" / "open-inference-protocol.md"
ROWS = [[5, 6, 7], [8, 9, 10]]
ITEMS = 'attnd_stream_items{method="ModelStreamInfer"}'


class LifecycleTest(unittest.TestCase):
    """Beside the time in which calls are served as ever."""

    def test_while_the_model_loads_the_server_is_live_and_not_ready(self) -> None:
        with ServerProcess.listening() as server:
            stub = open_inference_pb2_grpc.GRPCInferenceServiceStub(server.channel)
            live = stub.ServerLive(oip.ServerLiveRequest(), wait_for_ready=True)
            ready = stub.ServerReady(oip.ServerReadyRequest())
            model = stub.ModelReady(oip.ModelReadyRequest(name="any"))
            index = stub.RepositoryIndex(oip.RepositoryIndexRequest())
            call = stub.ModelInfer.future(typed_request(ROWS))
            code = call.code()
            server.wait_until_ready()
        self.assertTrue(live.live)
        self.assertEqual((ready.ready, model.ready, len(index.models)), (False, False, 0))
        self.assertEqual(code, grpc.StatusCode.UNAVAILABLE)

    def test_a_reload_gives_the_next_version(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory())) / "tiny"
        shutil.copytree(golden.folder("tiny"), folder)
        with ServerProcess(f"--model={folder}") as server:
            stub = open_inference_pb2_grpc.GRPCInferenceServiceStub(server.channel)
            server.process.send_signal(signal.SIGHUP)
            wait_until(lambda: stub.ModelInfer(typed_request(ROWS)).model_version == "2", "the new model is served")
            self.assertEqual(list(stub.ModelMetadata(oip.ModelMetadataRequest(name="tiny")).versions), ["2"])
            old = stub.ModelInfer.future(typed_request(ROWS, model_version="1"))
            self.assertEqual(old.code(), grpc.StatusCode.NOT_FOUND)

    def test_the_example_of_the_document_runs(self) -> None:
        [example] = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
        with ServerProcess() as server, contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(example.replace("localhost:50051", server.address), {})
        self.assertEqual(printed.getvalue().count("["), 3)

    def test_a_drain_answers_what_was_accepted_and_ends_the_stream(self) -> None:
        with ServerProcess() as server:
            stub = open_inference_pb2_grpc.GRPCInferenceServiceStub(server.channel)
            items = queue.SimpleQueue()
            for i in range(8):
                request = typed_request([list(range(256))], id=str(i))
                request.model_name = "seeded"
                items.put(request)
            stream = stub.ModelStreamInfer(iter(items.get, None))
            wait_until(lambda: server.metric(ITEMS) == 8, "all items are held")
            server.terminate()
            replies = []
            with self.assertRaises(grpc.RpcError) as raised:
                for reply in stream:
                    replies.append(reply)
            self.assertEqual(raised.exception.code(), grpc.StatusCode.UNAVAILABLE)
            self.assertEqual(sorted(reply.infer_response.id for reply in replies), [str(i) for i in range(8)])
            self.assertEqual({reply.error_message for reply in replies}, {""})


if __name__ == "__main__":
    unittest.main()
