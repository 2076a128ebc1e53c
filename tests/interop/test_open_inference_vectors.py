"""The Open Inference Protocol in bytes written from its specification (KServe's open_inference_grpc.proto, and Triton's
grpc_service.proto and model_config.proto for its extensions), so that a wrong number in our .proto would be seen.

integration.test_open_inference has the bytes of a call with raw tensors.
"""

import unittest

import grpc

from attnd.v1 import inference_pb2 as pb
from integration.messages import ids_input
from integration.server_process import ServerProcess
from interop.wire import block, fields, number, packed, values
from oracle import golden

MODEL = block(1, "tiny")  # model_name, and name
ROWS = [[5, 6, 7], [8, 9, 10]]
IDS = [id_ for row in ROWS for id_ in row]
ANY_SIZE = b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"  # -1


def tensor(name: str, datatype: str, shape: list[int]) -> bytes:
    """InferInputTensor, InferOutputTensor, TensorMetadata { name = 1, datatype = 2, shape = 3 }"""
    return block(1, name) + block(2, datatype) + packed(3, shape)


def input_tensor(name: str, datatype: str, shape: list[int], contents: bytes) -> bytes:
    """ModelInferRequest { inputs = 5: InferInputTensor { ..., contents = 5 } }"""
    return block(5, tensor(name, datatype, shape) + block(5, contents))


def parameter(field: int, name: str, choice: bytes) -> bytes:
    """map<string, InferParameter>: an entry { key = 1, value = 2 }"""
    return block(field, block(1, name) + block(2, choice))


# InferTensorContents { int64_contents = 3 }
INT64 = input_tensor("input_ids", "INT64", [2, 3], packed(3, IDS))


class VectorsTest(unittest.TestCase):
    """One server of the tiny checkpoint: 64 channels, 512 tokens."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(ServerProcess(f"--model={golden.folder('tiny')}"))

    def call(self, method: str, request: bytes) -> bytes:
        return self.server.channel.unary_unary(f"/inference.GRPCInferenceService/{method}")(request, timeout=30)

    def embed(self, **options) -> bytes:
        """The vectors of ROWS."""
        return self.server.stub.Embed(pb.EmbedRequest(inputs=map(ids_input, ROWS), **options)).embeddings.data

    def assertVectors(self, reply: bytes, data: bytes, parameters: bytes = b"") -> None:
        """A typed reply with the vectors, parameters and nothing else."""
        # ModelInferResponse { model_name = 1, model_version = 2, parameters = 4, outputs = 5 },
        # InferTensorContents { fp32_contents = 6 }
        width = len(data) // 4 // len(ROWS)
        output = tensor("embedding", "FP32", [len(ROWS), width]) + block(5, block(6, data))
        self.assertEqual(reply, MODEL + block(2, "1") + parameters + block(5, output))

    def test_live_and_ready(self) -> None:
        # live = 1, ready = 1
        self.assertEqual(self.call("ServerLive", b""), b"\x08\x01")
        self.assertEqual(self.call("ServerReady", b""), b"\x08\x01")
        self.assertEqual(self.call("ModelReady", b"\x0a\x04tiny"), b"\x08\x01")
        self.assertEqual(self.call("ModelReady", b"\x0a\x04tiny\x12\x011"), b"\x08\x01")

    def test_server_metadata(self) -> None:
        found = fields(self.call("ServerMetadata", b""))
        self.assertEqual(found[0], (1, b"attnd"))
        self.assertEqual(found[1][0], 2)
        self.assertIn((3, b"statistics"), found)
        self.assertEqual({field for field, _ in found}, {1, 2, 3})

    def test_model_metadata(self) -> None:
        reply = self.call("ModelMetadata", MODEL)
        self.assertEqual([values(reply, field) for field in (1, 2)], [[b"tiny"], [b"1"]])
        self.assertEqual(values(reply, 3), [b"attnd_gpt2"])
        self.assertIn(b"\x0a\x09input_ids\x12\x05INT64\x1a\x14" + ANY_SIZE + ANY_SIZE, values(reply, 4))
        self.assertIn(b"\x0a\x06logits\x12\x04FP32\x1a\x0c" + ANY_SIZE + b"\x80\x04", values(reply, 5))
        # properties = 6, map<string, string>
        properties = {values(entry, 1)[0]: values(entry, 2)[0] for entry in values(reply, 6)}
        self.assertEqual(properties[b"context_length"], b"64")

    def test_infer_with_typed_contents(self) -> None:
        self.assertVectors(self.call("ModelInfer", MODEL + INT64), self.embed())
        # int_contents = 2
        request = MODEL + input_tensor("input_ids", "INT32", [2, 3], packed(2, IDS))
        self.assertVectors(self.call("ModelInfer", request), self.embed())

    def test_infer_with_contents_that_are_not_packed(self) -> None:
        contents = b"".join(number(3, id_) for id_ in IDS)
        request = MODEL + input_tensor("input_ids", "INT64", [2, 3], contents)
        self.assertVectors(self.call("ModelInfer", request), self.embed())

    def test_infer_with_a_mask_and_with_text(self) -> None:
        padded = packed(3, [5, 6, 7, 0, 8, 9, 10, 0])
        mask = packed(3, [1, 1, 1, 0, 1, 1, 1, 0])
        request = (MODEL + input_tensor("input_ids", "INT64", [2, 4], padded)
                   + input_tensor("attention_mask", "INT64", [2, 4], mask))
        self.assertVectors(self.call("ModelInfer", request), self.embed())
        # bytes_contents = 8
        texts = block(8, b"Hello") + block(8, b"world")
        reply = self.call("ModelInfer", MODEL + input_tensor("text", "BYTES", [2], texts))
        data = self.server.stub.Embed(pb.EmbedRequest(inputs=[pb.Input(text="Hello"), pb.Input(text="world")]))
        self.assertVectors(reply, data.embeddings.data)

    def test_parameters_of_every_type(self) -> None:
        # ModelInferRequest { parameters = 4 }, InferParameter { bool_param = 1, int64_param = 2, string_param = 3,
        # uint64_param = 5 }
        request = (MODEL + parameter(4, "pooling", block(3, "mean")) + parameter(4, "normalize", number(1, 0))
                   + parameter(4, "dimensions", number(2, 10)) + parameter(4, "priority", number(5, 4)) + INT64)
        expected = self.embed(pooling=pb.POOLING_MEAN, normalize=False, dimensions=10)
        self.assertVectors(self.call("ModelInfer", request), expected)
        # double_param = 4: no parameter of ours is one.
        request = MODEL + parameter(4, "dimensions", b"\x21" + bytes(8)) + INT64
        with self.assertRaises(grpc.RpcError) as raised:
            self.call("ModelInfer", request)
        self.assertEqual(raised.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)
        self.assertIn("dimensions", raised.exception.details())

    def test_requested_outputs_and_their_parameters(self) -> None:
        # ModelInferRequest { outputs = 6: InferRequestedOutputTensor { name = 1, parameters = 2 } }
        every = parameter(2, "positions", block(3, "all"))
        request = MODEL + INT64 + block(6, block(1, "logits")) + block(6, block(1, "hidden_state") + every)
        logits, hidden = values(self.call("ModelInfer", request), 5)
        self.assertTrue(logits.startswith(tensor("logits", "FP32", [2, 512])))
        self.assertTrue(hidden.startswith(tensor("hidden_state", "FP32", [2, 3, 64])))
        # contents = 5, fp32_contents = 6
        self.assertEqual([len(values(values(output, 5)[0], 6)[0]) for output in (logits, hidden)],
                         [4 * 2 * 512, 4 * 2 * 3 * 64])

    def test_id_and_parameters_of_the_reply(self) -> None:
        # id = 3, in both
        text = block(8, b"layers " * 500)
        request = (MODEL + block(3, "order-17") + parameter(4, "truncate", number(1, 1))
                   + input_tensor("text", "BYTES", [1], text))
        reply = self.call("ModelInfer", request)
        self.assertEqual(values(reply, 3), [b"order-17"])
        # ModelInferResponse { parameters = 4 }, InferParameter { int64_param = 2 }
        self.assertEqual(values(reply, 4), [block(1, "truncated_inputs") + block(2, number(2, 1))])

    def test_streams_of_triton(self) -> None:
        stream = self.server.channel.stream_stream("/inference.GRPCInferenceService/ModelStreamInfer")
        wrong = MODEL + block(3, "wrong") + input_tensor("input_ids", "INT64", [1, 1], packed(3, [512]))
        answers = list(stream(iter([MODEL + INT64, wrong]), timeout=30))
        # ModelStreamInferResponse { error_message = 1, infer_response = 2 }
        answered, failed = answers
        # An entry of a map { key = 1, value = 2 }, InferParameter { bool_param = 1 }
        final = block(4, block(1, "triton_final_response") + block(2, b"\x08\x01"))
        self.assertEqual(values(answered, 1), [])
        self.assertVectors(values(answered, 2)[0], self.embed(), final)
        self.assertEqual(values(failed, 1), [b"INVALID_ARGUMENT: input_ids[0, 0] = 512, must be in [0, 512)"])
        self.assertEqual(values(failed, 2), [block(3, "wrong")])

    def test_model_config_of_triton(self) -> None:
        [config] = values(self.call("ModelConfig", MODEL), 1)
        # name = 1, max_batch_size = 4, input = 5, output = 6, dynamic_batching = 11, backend = 17
        self.assertEqual([values(config, field) for field in (1, 4, 17)], [[b"tiny"], [1024], [b"attnd"]])
        self.assertEqual(len(values(config, 11)), 1)
        # ModelInput { name = 1, data_type = 2: TYPE_INT64 = 9, dims = 4 },
        # ModelOutput { name = 1, data_type = 2: TYPE_FP32 = 11, dims = 3 }
        ids = next(one for one in values(config, 5) if values(one, 1) == [b"input_ids"])
        self.assertEqual([values(ids, field) for field in (2, 4)], [[9], [ANY_SIZE]])
        logits = next(one for one in values(config, 6) if values(one, 1) == [b"logits"])
        self.assertEqual([values(logits, field) for field in (2, 3)], [[11], [b"\x80\x04"]])

    def test_model_statistics_of_triton(self) -> None:
        def snapshot() -> bytes:
            return values(self.call("ModelStatistics", MODEL), 1)[0]

        def count(statistics: bytes, field: int) -> int:
            """StatisticDuration { count = 1, ns = 2 } of
            InferStatistics { success = 1, queue = 3, compute_input = 4, compute_infer = 5, compute_output = 6 }"""
            [of_calls] = values(statistics, 6)
            return sum(value for duration in values(of_calls, field) for value in values(duration, 1))

        self.call("ModelInfer", MODEL + INT64)
        before = snapshot()
        self.call("ModelInfer", MODEL + INT64)
        after = snapshot()
        # ModelStatistics { name = 1, version = 2, last_inference = 3, inference_count = 4, execution_count = 5 }
        self.assertEqual([values(after, field) for field in (1, 2)], [[b"tiny"], [b"1"]])
        self.assertEqual(values(after, 4)[0] - values(before, 4)[0], 2)
        self.assertEqual(values(after, 5)[0] - values(before, 5)[0], 1)
        for field in (1, 3, 4, 5, 6):
            self.assertEqual(count(after, field) - count(before, field), 1, field)
        self.assertGreaterEqual(values(after, 3)[0], values(before, 3)[0])

    def test_repository_index_of_triton(self) -> None:
        # ready = 2; models = 1: ModelIndex { name = 1, version = 2, state = 3 }
        self.assertEqual(self.call("RepositoryIndex", b"\x10\x01"),
                         b"\x0a\x10" + b"\x0a\x04tiny" + b"\x12\x011" + b"\x1a\x05READY")


if __name__ == "__main__":
    unittest.main()
