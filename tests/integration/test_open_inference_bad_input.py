"""Wrong ModelInfer calls: each has its code, a text that names tensor or field, value and limit, and no effect on the next
call."""

import unittest

import grpc

from inference import open_inference_pb2 as oip
from inference import open_inference_pb2_grpc
from integration.error_details import details
from integration.infer_messages import byte_strings, integers, output, raw_request, typed_request
from integration.server_process import ServerProcess
from oracle import golden

IDS = integers("input_ids", [[1, 2], [3, 4]])
FLAGS = ("--max_request_inputs=4", "--max_request_tokens=100", "--max_reply_bytes=100000", "--max_request_text_bytes=1000")


def shaped(shape: list[int], raw: bytes = b"") -> tuple[oip.ModelInferRequest.InferInputTensor, bytes]:
    """Ids whose shape may contradict their bytes."""
    return oip.ModelInferRequest.InferInputTensor(name="input_ids", datatype="INT64", shape=shape), raw


def typed_with(field: str, values: list, datatype: str = "INT64") -> oip.ModelInferRequest:
    """Two ids in any field of the contents."""
    contents = oip.InferTensorContents(**{field: values})
    tensor = oip.ModelInferRequest.InferInputTensor(name="input_ids", datatype=datatype, shape=[1, 2], contents=contents)
    return oip.ModelInferRequest(model_name="tiny", inputs=[tensor])


def mixed() -> oip.ModelInferRequest:
    """Raw and typed at once."""
    request = typed_request([[1, 2]])
    request.raw_input_contents.append(bytes(16))
    return request


# Name: request, field of BadRequest, words of the text.
BAD = {
    "no inputs": (raw_request(), "inputs", ["neither input_ids and text"]),
    "rank": (raw_request(shaped([2], bytes(16))), "input_ids.shape", ["= [2]", "rank 2"]),
    "no rows": (raw_request(shaped([0, 2])), "input_ids.shape", ["= [0, 2]", "1 to 4 rows"]),
    "no columns": (raw_request(shaped([2, 0])), "input_ids.shape", ["= [2, 0]", "1 to 64 columns"]),
    "negative": (raw_request(shaped([-1, -2], bytes(16))), "input_ids.shape", ["= [-1, -2]"]),
    "rows beyond 64 bits": (raw_request(shaped([2**62, 4])), "input_ids.shape", ["1 to 4 rows"]),
    "columns beyond 64 bits": (raw_request(shaped([4, 2**62])), "input_ids.shape", ["1 to 64 columns"]),
    "too many dimensions": (raw_request(shaped([1] * 1000)), "input_ids.shape", ["has rank 1000"]),
    "too many rows": (raw_request(integers("input_ids", [[1]] * 5)), "input_ids.shape", ["1 to 4 rows"]),
    "too long": (raw_request(integers("input_ids", [[1] * 65])), "input_ids.shape", ["1 to 64 columns"]),
    "too many tokens": (raw_request(integers("input_ids", [[1] * 64] * 2)), "input_ids", ["128 tokens", "at most 100"]),
    "too few bytes": (raw_request(shaped([1, 2], bytes(15))), "input_ids", ["15 bytes", "must have 16"]),
    "too many bytes": (raw_request(shaped([1, 2], bytes(17))), "input_ids", ["17 bytes", "must have 16"]),
    "datatype": (raw_request((oip.ModelInferRequest.InferInputTensor(name="input_ids", datatype="FP32", shape=[1, 1]),
                              bytes(4))), "input_ids.datatype", ['= "FP32"', "INT64 or INT32"]),
    "id too large": (raw_request(integers("input_ids", [[1, 512]])), "input_ids[0, 1]", ["= 512", "[0, 512)"]),
    "id negative": (raw_request(integers("input_ids", [[-1]], "INT32")), "input_ids[0, 0]", ["= -1"]),
    "unknown input": (raw_request(IDS, integers("position_ids", [[1, 2]])), "inputs[1].name", ['"position_ids"']),
    "input twice": (raw_request(IDS, IDS), "inputs[1].name", ["twice"]),
    "mask of another shape": (raw_request(IDS, integers("attention_mask", [[1, 1]])), "attention_mask.shape",
                              ["= [1, 2]", "[2, 2]"]),
    "padding on the left": (raw_request(IDS, integers("attention_mask", [[1, 1], [0, 1]])), "attention_mask[1, 1]",
                            ["padded on the right"]),
    "no tokens": (raw_request(IDS, integers("attention_mask", [[1, 1], [0, 0]])), "attention_mask[1]", ["has no 1"]),
    "length too large": (raw_request(IDS, integers("lengths", [1, 3])), "lengths[1]", ["= 3", "[1, 2]"]),
    "mixed": (mixed(), "inputs[0].contents", ["raw_input_contents"]),
    "raw for some": (oip.ModelInferRequest(model_name="tiny", inputs=[IDS[0], IDS[0]], raw_input_contents=[IDS[1]]),
                     "raw_input_contents", ["1 entries", "2 inputs"]),
    "raw without inputs": (oip.ModelInferRequest(model_name="tiny", raw_input_contents=[b""]), "raw_input_contents",
                           ["1 entries", "0 inputs"]),
    "wrong field": (typed_with("fp32_contents", [1, 2]), "input_ids.contents.int64_contents", ["0 elements"]),
    "another field": (typed_with("int64_contents", [1, 2], "INT32"), "input_ids.contents.int_contents", ["0 elements"]),
    "too many elements": (typed_with("int64_contents", [1, 2, 3]), "input_ids.contents.int64_contents", ["3 elements"]),
    "unknown output": (typed_request([[1]], outputs=[output("attentions")]), "outputs[0].name", ['"attentions"']),
    "output twice": (typed_request([[1]], outputs=[output("logits")] * 2), "outputs[1].name", ["twice"]),
    "output parameter": (typed_request([[1]], outputs=[output("logits", classification=3)]),
                         'outputs[0].parameters["classification"]', ["positions", "binary_data"]),
    "parameter": (raw_request(IDS, sequence_id=7), 'parameters["sequence_id"]', ["is not known"]),
    "pooling": (raw_request(IDS, pooling="cls"), 'parameters["pooling"]', ['"cls"', "weighted_mean"]),
    "dimensions": (raw_request(IDS, dimensions=65), 'parameters["dimensions"]', ["= 65", "[1, 64]"]),
    "priority": (raw_request(IDS, priority=9), 'parameters["priority"]', ["= 9"]),
    "timeout": (raw_request(IDS, timeout=-1), 'parameters["timeout"]', ["= -1"]),
    "reply too large": (raw_request(integers("input_ids", [[1] * 50]), outputs=(output("logits", positions="all"),)),
                        "outputs", ["102", "max_reply_bytes"]),
    "id": (typed_request([[1]], id="x" * 2000), "id", ["2000 bytes", "1024"]),
    "text of another type": (raw_request((oip.ModelInferRequest.InferInputTensor(name="text", datatype="INT64", shape=[1]),
                                          bytes(8))), "text.datatype", ["BYTES"]),
    "text of another shape": (raw_request(byte_strings("text", [1, 2], [b"a", b"b"])), "text.shape", ["[rows, 1]"]),
    "no text": (raw_request(byte_strings("text", [1], [b""])), "text[0]", ["0 tokens"]),
    "text too long": (raw_request(byte_strings("text", [1], [b" layers" * 100])), "text[0]", ["truncate"]),
    "too much text": (raw_request(byte_strings("text", [1], [b"a" * 1001])), "text", ["1001 bytes", "1000"]),
    "cut text": (raw_request((byte_strings("text", [1], [b"a"])[0], b"\x05\0\0\0a")), "text", ["whose length is 5"]),
}


class BadInputTest(unittest.TestCase):
    """One server for all."""

    def test_each_wrong_call_is_refused_by_name_and_the_next_one_is_served(self) -> None:
        with ServerProcess(f"--model={golden.folder('tiny')}", *FLAGS) as server:
            stub = open_inference_pb2_grpc.GRPCInferenceServiceStub(server.channel)
            good = stub.ModelInfer(raw_request(IDS)).raw_output_contents[0]
            for name, (request, field, words) in BAD.items():
                with self.subTest(name):
                    with self.assertRaises(grpc.RpcError) as raised:
                        stub.ModelInfer(request, timeout=30)
                    error = raised.exception
                    self.assertEqual(error.code(), grpc.StatusCode.INVALID_ARGUMENT, error.details())
                    [bad_request] = details(error)
                    self.assertEqual(bad_request.field_violations[0].field, field)
                    for word in words:
                        self.assertIn(word, error.details())
            self.assertEqual(stub.ModelInfer(raw_request(IDS)).raw_output_contents[0], good)

    def test_bytes_that_are_no_message_are_refused(self) -> None:
        with ServerProcess(f"--model={golden.folder('tiny')}") as server:
            for method in ("ModelInfer", "ModelMetadata", "ModelStatistics"):
                call = server.channel.unary_unary(f"/inference.GRPCInferenceService/{method}")
                self.assertNotEqual(call.future(b"\x0a\xff\xff\xff", timeout=30).code(), grpc.StatusCode.OK)
            stub = open_inference_pb2_grpc.GRPCInferenceServiceStub(server.channel)
            stub.ModelInfer(raw_request(IDS))


if __name__ == "__main__":
    unittest.main()
