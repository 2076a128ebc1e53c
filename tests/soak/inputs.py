"""What the callers of a soak send to the tiny golden model."""

import random
from dataclasses import dataclass
from functools import cache

import numpy as np

from attnd.v1 import inference_pb2 as pb
from attnd.v1 import inference_pb2_grpc
from integration.messages import forward_request, ids_input

VOCABULARY = 512
CONTEXT = 64
CHANNELS = 64


@dataclass
class Known:
    """An input whose results are known."""

    ids: list[int]
    hidden: np.ndarray  # [T, C], another form of an input of that length
    embedding: bytes


class KnownInputs:
    """Inputs of every length, and what the server answers when it has nothing else to do."""

    def __init__(self, stub: inference_pb2_grpc.InferenceServiceStub, seed: int):
        generator = random.Random(seed)
        self.all = [self._ask(stub, [generator.randrange(VOCABULARY) for _ in range(length)])
                    for length in range(1, CONTEXT + 1)]

    @staticmethod
    def _ask(stub: inference_pb2_grpc.InferenceServiceStub, ids: list[int]) -> Known:
        reply = stub.Embed(pb.EmbedRequest(inputs=[ids_input(ids)]))
        return Known(ids, np.full((len(ids), CHANNELS), 0.1), reply.embeddings.data)


@cache
def wrong_requests() -> list[tuple[str, pb.EmbedRequest | pb.ForwardRequest]]:
    """Method and request."""
    good = ids_input([1, 2, 3])
    short = pb.Tensor(data_type=pb.DATA_TYPE_FLOAT32, shape=[2, CHANNELS], data=bytes(12))
    return [("Embed", pb.EmbedRequest()),
            ("Embed", pb.EmbedRequest(inputs=[good, pb.Input()])),
            ("Embed", pb.EmbedRequest(inputs=[ids_input([VOCABULARY])])),
            ("Embed", pb.EmbedRequest(inputs=[ids_input([0] * (CONTEXT + 1))])),
            ("Embed", pb.EmbedRequest(inputs=[good], pooling=9)),
            ("Embed", pb.EmbedRequest(inputs=[good] * 1025)),
            ("Forward", pb.ForwardRequest(inputs=[good])),
            ("Forward", forward_request([good], ["h.99"])),
            ("Forward", forward_request([pb.Input(hidden_states=short)], ["ln_f"]))]
