"""buf curl calls the server by what its reflection says, without a .proto file."""

import base64
import json
import os
import subprocess
import tempfile
import unittest

from attnd.v1 import inference_pb2 as pb
from integration.messages import ids_input
from integration.server_process import ServerProcess
from interop.npm_modules import npm_modules
from oracle import golden


class BufCurlTest(unittest.TestCase):
    """In a folder without files, on one server."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.buf = npm_modules() / ".bin" / "buf"
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.server = cls.enterClassContext(ServerProcess(f"--model={golden.folder('tiny')}"))

    def curl(self, method: str, request: dict | None = None, *flags: str) -> subprocess.CompletedProcess:
        """One call; without a method flags alone."""
        command = [self.buf, "curl", "--protocol=grpc", "--http2-prior-knowledge", *flags]
        if request is not None:
            command += ["--data", json.dumps(request)]
        command.append(f"http://{self.server.address}{'/' if method else ''}{method}")
        return subprocess.run(command, cwd=self.folder, env=os.environ | {"BUF_CACHE_DIR": self.folder},
                              capture_output=True, text=True, timeout=60, check=False)

    def call(self, method: str, request: dict) -> dict:
        result = self.curl(method, request)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def test_services_and_methods_are_listed(self) -> None:
        services = self.curl("", None, "--list-services").stdout.split()
        self.assertEqual(services, ["attnd.v1.InferenceService", "grpc.health.v1.Health",
                                    "grpc.reflection.v1alpha.ServerReflection", "inference.GRPCInferenceService"])
        methods = self.curl("", None, "--list-methods").stdout.split()
        for method in ("attnd.v1.InferenceService/ForwardStream", "inference.GRPCInferenceService/ModelInfer",
                       "grpc.health.v1.Health/Watch"):
            self.assertIn(method, methods)

    def test_get_model(self) -> None:
        model = self.call("attnd.v1.InferenceService/GetModel", {})
        self.assertEqual(model["weightsSha256"], self.server.stub.GetModel(pb.GetModelRequest()).weights_sha256)
        self.assertEqual(model["config"]["embeddingLength"], 64)

    def test_embed(self) -> None:
        reply = self.call("attnd.v1.InferenceService/Embed",
                          {"inputs": [{"tokenIds": {"ids": [5, 6]}}, {"text": "Hello world"}],
                           "pooling": "POOLING_MEAN"})
        self.assertEqual(reply["embeddings"]["shape"], ["2", "64"])
        expected = self.server.stub.Embed(pb.EmbedRequest(inputs=[ids_input([5, 6]), pb.Input(text="Hello world")],
                                                          pooling=pb.POOLING_MEAN))
        self.assertEqual(base64.b64decode(reply["embeddings"]["data"]), expected.embeddings.data)

    def test_streams(self) -> None:
        result = self.curl("attnd.v1.InferenceService/EmbedStream", {"id": 7, "input": {"text": "Hello world"}})
        self.assertEqual((result.returncode, json.loads(result.stdout)["id"]), (0, "7"), result.stderr)

    def test_model_infer(self) -> None:
        reply = self.call("inference.GRPCInferenceService/ModelInfer", {
            "modelName": "tiny", "inputs": [{"name": "text", "datatype": "BYTES", "shape": [1], "contents": {
                "bytesContents": [base64.b64encode(b"Hello world").decode()]}}]})
        self.assertEqual(reply["outputs"][0]["shape"], ["1", "64"])

    def test_health(self) -> None:
        self.assertEqual(self.call("grpc.health.v1.Health/Check", {}), {"status": "SERVING"})

    def test_an_error_is_shown_with_its_details(self) -> None:
        result = self.curl("attnd.v1.InferenceService/Embed", {"inputs": [{"tokenIds": {"ids": [1, 512]}}]})
        self.assertNotEqual(result.returncode, 0)
        error = json.loads(result.stderr)
        self.assertEqual(error["code"], "invalid_argument")
        self.assertEqual(error["message"], "inputs[0].token_ids.ids[1] = 512, must be in [0, 512)")
        [detail] = error["details"]
        self.assertEqual(detail["type"], "google.rpc.BadRequest")


if __name__ == "__main__":
    unittest.main()
