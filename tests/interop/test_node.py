"""grpc-js calls the server with the repository's .proto files and gets what Python's gRPC gets."""

import json
import os
import subprocess
import unittest
from pathlib import Path

import google.rpc
import grpc
import numpy as np

from attnd.v1 import inference_pb2 as pb
from integration.messages import ids_input, to_array
from integration.server_process import ServerProcess
from interop.npm_modules import REPOSITORY, npm_modules
from oracle import golden

SCRIPT = Path(__file__).with_name("call_server.js")
ROWS = [[5, 6, 7], [8, 9, 10]]


class NodeTest(unittest.TestCase):
    """One run of the script, whose JSON every test looks at."""

    @classmethod
    def setUpClass(cls) -> None:
        modules = npm_modules()
        cls.server = cls.enterClassContext(ServerProcess(f"--model={golden.folder('tiny')}"))
        google_folder = Path(next(iter(google.rpc.__path__))).parents[1]
        command = ["node", SCRIPT, cls.server.address, REPOSITORY / "proto", google_folder]
        result = subprocess.run(command, env=os.environ | {"NODE_PATH": str(modules)}, capture_output=True, text=True,
                                timeout=120, check=False)
        assert result.returncode == 0, result.stderr
        cls.found = json.loads(result.stdout)
        cls.inputs = [ids_input(row) for row in ROWS]

    def assertSame(self, values: list[float], expected: np.ndarray) -> None:
        self.assertEqual(np.array(values, dtype="<f4").tobytes(), expected.tobytes())

    def forward(self) -> list[pb.ForwardResult]:
        selection = pb.HiddenStatesSelection(layer="ln_f", positions=pb.POSITIONS_ALL)
        request = pb.ForwardRequest(inputs=self.inputs, hidden_states=[selection], logits=pb.POSITIONS_LAST)
        return self.server.stub.Forward(request).results

    def test_health_and_the_model(self) -> None:
        self.assertEqual(self.found["health"], "SERVING")
        model = self.server.stub.GetModel(pb.GetModelRequest())
        self.assertEqual(self.found["model"]["weights_sha256"], model.weights_sha256)
        self.assertEqual(self.found["model"]["config"]["context_length"], model.config.context_length)

    def test_embed(self) -> None:
        self.assertEqual(self.found["embed"]["shape"], [2, 64])
        expected = self.server.stub.Embed(pb.EmbedRequest(inputs=self.inputs)).embeddings
        self.assertSame(self.found["embed"]["values"], to_array(expected))

    def test_forward(self) -> None:
        for found, expected in zip(self.found["forward"], self.forward(), strict=True):
            self.assertSame(found["hidden"], to_array(expected.hidden_states[0].values))
            self.assertSame(found["logits"], to_array(expected.logits))

    def test_forward_stream_with_an_item_that_fails(self) -> None:
        found = {answer["id"]: answer for answer in self.found["stream"]}
        self.assertEqual({id_: answer["outcome"] for id_, answer in found.items()},
                         {1: "result", 2: "result", 3: "status"})
        for id_, expected in enumerate(self.forward(), 1):
            self.assertSame(found[id_]["logits"], to_array(expected.logits))
        self.assertEqual(found[3]["code"], grpc.StatusCode.INVALID_ARGUMENT.value[0])

    def test_an_error_has_its_details(self) -> None:
        error = self.found["error"]
        self.assertEqual(error["code"], grpc.StatusCode.INVALID_ARGUMENT.value[0])
        self.assertEqual(error["text"], "inputs[0].token_ids.ids[1] = 512, must be in [0, 512)")
        self.assertEqual(error["status"]["message"], error["text"])
        [bad_request] = error["details"]
        self.assertEqual(bad_request["field_violations"][0]["field"], "inputs[0].token_ids.ids[1]")

    def test_model_infer_of_the_open_inference_protocol(self) -> None:
        self.assertEqual(self.found["infer"]["id"], "node")
        self.assertEqual(self.found["infer"]["outputs"], [{"name": "embedding", "datatype": "FP32", "shape": [2, 64]}])
        expected = self.server.stub.Embed(pb.EmbedRequest(inputs=self.inputs, pooling=pb.POOLING_MEAN)).embeddings
        self.assertSame(self.found["infer"]["values"], to_array(expected))


if __name__ == "__main__":
    unittest.main()
