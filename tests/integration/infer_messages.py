"""Short ways to write ModelInfer calls and to read their replies."""

import struct

import numpy as np

from inference import open_inference_pb2 as oip

NUMPY_TYPES = {"INT32": "<i4", "INT64": "<i8", "FP32": "<f4"}
# Where outputs of a type have their elements.
CONTENTS = {"INT32": "int_contents", "FP32": "fp32_contents"}


def integers(name: str, values: list, datatype: str = "INT64") -> tuple[oip.ModelInferRequest.InferInputTensor, bytes]:
    """A tensor of integers without its elements, and them in raw form."""
    array = np.array(values, dtype=NUMPY_TYPES[datatype])
    return oip.ModelInferRequest.InferInputTensor(name=name, datatype=datatype, shape=array.shape), array.tobytes()


def byte_strings(name: str, shape: list[int], values: list[bytes]) -> tuple[oip.ModelInferRequest.InferInputTensor, bytes]:
    """The same of a tensor of BYTES."""
    raw = b"".join(struct.pack("<I", len(value)) + value for value in values)
    return oip.ModelInferRequest.InferInputTensor(name=name, datatype="BYTES", shape=shape), raw


def parameter(value: bool | int | str) -> oip.InferParameter:
    """A parameter of the type that Triton's Python client would give it."""
    if isinstance(value, bool):
        return oip.InferParameter(bool_param=value)
    if isinstance(value, int):
        return oip.InferParameter(int64_param=value)
    return oip.InferParameter(string_param=value)


def output(name: str, **parameters: bool | int | str) -> oip.ModelInferRequest.InferRequestedOutputTensor:
    """An output asked for."""
    values = {key: parameter(value) for key, value in parameters.items()}
    return oip.ModelInferRequest.InferRequestedOutputTensor(name=name, parameters=values)


def raw_request(*tensors: tuple[oip.ModelInferRequest.InferInputTensor, bytes], outputs: tuple = (),
                model_name: str = "tiny", **parameters: bool | int | str) -> oip.ModelInferRequest:
    """A call with raw tensors."""
    return oip.ModelInferRequest(model_name=model_name, inputs=[tensor for tensor, _ in tensors],
                                 raw_input_contents=[raw for _, raw in tensors], outputs=outputs,
                                 parameters={key: parameter(value) for key, value in parameters.items()})


def typed_request(ids: list[list[int]], **fields) -> oip.ModelInferRequest:
    """A call with typed ids."""
    tensor, _ = integers("input_ids", ids)
    tensor.contents.int64_contents.extend(id_ for row in ids for id_ in row)
    return oip.ModelInferRequest(model_name="tiny", inputs=[tensor], **fields)


def arrays(reply: oip.ModelInferResponse) -> dict[str, np.ndarray]:
    """The outputs by name, of either form."""
    raw = list(reply.raw_output_contents) or [
        np.array(getattr(tensor.contents, CONTENTS[tensor.datatype]), dtype=NUMPY_TYPES[tensor.datatype]).tobytes()
        for tensor in reply.outputs]
    return {tensor.name: np.frombuffer(data, dtype=NUMPY_TYPES[tensor.datatype]).reshape(tuple(tensor.shape))
            for tensor, data in zip(reply.outputs, raw, strict=True)}
