"""The methods of the protocol, of either kind of channel."""

from typing import Any

from attnd import health
from attnd.connection import SERVICE
from attnd.v1 import inference_pb2 as pb


class Methods:
    """Callables of grpc or grpc.aio, whichever `channel` is of."""

    def __init__(self, channel: Any) -> None:
        def unary(name: str, request: Any, response: Any) -> Any:
            return channel.unary_unary(f"/{SERVICE}/{name}", request.SerializeToString, response.FromString)

        def stream(name: str, request: Any, response: Any) -> Any:
            return channel.stream_stream(f"/{SERVICE}/{name}", request.SerializeToString, response.FromString)

        self.forward = unary("Forward", pb.ForwardRequest, pb.ForwardResponse)
        self.embed = unary("Embed", pb.EmbedRequest, pb.EmbedResponse)
        self.tokenize = unary("Tokenize", pb.TokenizeRequest, pb.TokenizeResponse)
        self.detokenize = unary("Detokenize", pb.DetokenizeRequest, pb.DetokenizeResponse)
        self.get_model = unary("GetModel", pb.GetModelRequest, pb.GetModelResponse)
        self.forward_stream = stream("ForwardStream", pb.ForwardStreamRequest, pb.ForwardStreamResponse)
        self.embed_stream = stream("EmbedStream", pb.EmbedStreamRequest, pb.EmbedStreamResponse)
        self.health = channel.unary_unary(health.METHOD, health.serialize, health.deserialize)
