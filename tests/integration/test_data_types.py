"""bf16 and int8 weights over gRPC: embeddings against those of the golden checkpoints, and the same bytes in any batch."""

import unittest

import numpy as np
from attnd.v1 import inference_pb2 as pb
from integration.messages import forward_request, ids_input, to_array
from integration.server_process import ServerProcess
from oracle import golden, models

# dtype -> its name in GetModel, the least cosine to float32 embeddings.
DATA_TYPES = {"bf16": (pb.DATA_TYPE_BFLOAT16, 0.9998), "int8": (pb.DATA_TYPE_INT8, 0.999)}


class DataTypesTest(unittest.TestCase):
    """One server a checkpoint and type."""

    def check(self, name: str) -> None:
        folder = golden.folder(name)
        layer_count = models.read_folder(folder).config["n_layer"]
        cases = golden.cases(folder, layer_count)
        inputs = [ids_input(case.ids) for case in cases]
        for dtype, (data_type, least_cosine) in DATA_TYPES.items():
            with self.subTest(dtype), ServerProcess(f"--model={folder}", f"--dtype={dtype}") as server:
                self.assertEqual(server.stub.GetModel(pb.GetModelRequest()).data_type, data_type)
                cosines = []
                for pooling, field in ((pb.POOLING_MEAN, "mean"), (pb.POOLING_LAST, "last")):
                    reply = server.stub.Embed(pb.EmbedRequest(inputs=inputs, pooling=pooling))
                    for row, case in zip(to_array(reply.embeddings), cases, strict=True):
                        expected = getattr(case, field)
                        cosines.append(np.dot(row, expected) / np.linalg.norm(row) / np.linalg.norm(expected))
                print(f"{name}, {dtype}: least cosine {min(cosines):.6f}")
                self.assertGreaterEqual(min(cosines), least_cosine)
                self.check_alone(server, inputs)

    def check_alone(self, server, inputs) -> None:
        together = server.stub.Forward(forward_request(inputs, ["ln_f"], pb.POSITIONS_ALL))
        for one, result in zip(inputs, together.results, strict=True):
            alone = server.stub.Forward(forward_request([one], ["ln_f"], pb.POSITIONS_ALL))
            self.assertEqual(alone.results[0], result)

    def test_tiny(self) -> None:
        self.check("tiny")

    def test_stack16(self) -> None:
        self.check("stack16")


if __name__ == "__main__":
    unittest.main()
