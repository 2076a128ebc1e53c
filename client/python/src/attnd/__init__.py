"""Client of attnd: hidden states, logits and embeddings of GPT-2-style decoder stacks, as numpy arrays.

    with attnd.Client("localhost:50051") as client:
        vectors = client.embed(["The capital of France is Paris."]).embeddings  # float32 [1, C]

Letters used in shapes: N inputs of a call, T tokens of an input, C channels of the model, D channels kept of an
embedding, V vocabulary, P positions asked for, k likeliest tokens.
"""

from importlib.metadata import version as _version

from attnd.async_client import AsyncClient
from attnd.client import Client
from attnd.connection import RetryPolicy, Tls
from attnd.errors import CallError, FieldViolation
from attnd.health import HealthStatus
from attnd.options import CallOptions, DataType, EmbedOptions, ForwardOptions, Input, Pooling, Positions, Priority
from attnd.results import (
    Detokenized,
    EmbedReply,
    EmbedResult,
    ForwardReply,
    ForwardResult,
    Score,
    StreamItem,
    Timing,
    Tokens,
    TopTokens,
)

__version__ = _version("attnd")
__all__ = [
    "AsyncClient",
    "CallError",
    "CallOptions",
    "Client",
    "DataType",
    "Detokenized",
    "EmbedOptions",
    "EmbedReply",
    "EmbedResult",
    "FieldViolation",
    "ForwardOptions",
    "ForwardReply",
    "ForwardResult",
    "HealthStatus",
    "Input",
    "Pooling",
    "Positions",
    "Priority",
    "RetryPolicy",
    "Score",
    "StreamItem",
    "Timing",
    "Tls",
    "Tokens",
    "TopTokens",
]
