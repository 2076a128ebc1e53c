"""Results, made of the protocol's replies."""

from __future__ import annotations

import grpc
import numpy as np

from attnd import tensors
from attnd.chunks import Chunks
from attnd.errors import CallError, from_item_status
from attnd.results import (
    Detokenized,
    EmbedReply,
    EmbedResult,
    Floats,
    ForwardReply,
    ForwardResult,
    Score,
    StreamItem,
    Timing,
    Tokens,
    TopTokens,
    integers,
)
from attnd.v1 import inference_pb2 as pb


def embed_reply(reply: pb.EmbedResponse, request_id: str) -> EmbedReply:
    """Of embed."""
    embeddings = tensors.decode(reply.embeddings)
    if reply.embeddings.data_type == pb.DATA_TYPE_INT8:
        embeddings *= np.array(reply.scales, dtype=np.float32)[:, np.newaxis]
    cut = reply.truncated_from or [0] * len(reply.token_counts)
    return EmbedReply(
        embeddings, integers(reply.token_counts), integers(cut), timing(reply.timing), reply.model_version, request_id
    )


def forward_reply(reply: pb.ForwardResponse, request_id: str) -> ForwardReply:
    """Of forward."""
    results = [forward_result(result, {}) for result in reply.results]
    return ForwardReply(results, timing(reply.timing), reply.model_version, request_id)


def forward_result(result: pb.ForwardResult, chunks: dict[str, bytearray]) -> ForwardResult:
    """Of one input; `chunks` holds the data of tensors that came ahead of it, by the names of chunks.py."""
    hidden = {
        states.layer: tensors.decode(states.values, chunks.get(f"hidden_states[{i}]"))
        for i, states in enumerate(result.hidden_states)
    }
    logits = tensors.decode(result.logits, chunks.get("logits")) if result.HasField("logits") else None
    score = _score(result.token_log_probabilities) if result.HasField("token_log_probabilities") else None
    top = _top_tokens(result) if result.top_k else None
    return ForwardResult(result.token_count, hidden, logits, top, score, result.truncated_from)


def score_of(result: ForwardResult) -> Score:
    """Of a call that asked for it. Raises CallError, INTERNAL, where the server left it out."""
    if result.score is None:
        raise CallError(grpc.StatusCode.INTERNAL, "the server sent no log-probabilities")
    return result.score


def top_k_of(result: ForwardResult) -> TopTokens:
    """As score_of."""
    if result.top_k is None:
        raise CallError(grpc.StatusCode.INTERNAL, "the server sent no likeliest tokens")
    return result.top_k


class ForwardAnswers:
    """Reads those of one forward_stream; `request_id` is the caller's."""

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id
        self._chunks = Chunks()

    def read(self, answer: pb.ForwardStreamResponse) -> StreamItem[ForwardResult] | None:
        """None for a chunk, which the result waits for."""
        if answer.WhichOneof("outcome") == "chunk":
            self._chunks.add(answer.chunk)
            return None
        if answer.WhichOneof("outcome") == "status":
            self._chunks.drop()
            return StreamItem(answer.id, None, from_item_status(answer.status, self._request_id), None, "")
        result = forward_result(answer.result, self._chunks.take())
        return StreamItem(answer.id, result, None, timing(answer.timing), answer.model_version)


class EmbedAnswers:
    """Reads those of one embed_stream, in the same way."""

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id

    def read(self, answer: pb.EmbedStreamResponse) -> StreamItem[EmbedResult]:
        """Every answer is an item's."""
        if answer.WhichOneof("outcome") == "status":
            return StreamItem(answer.id, None, from_item_status(answer.status, self._request_id), None, "")
        vector = tensors.decode(answer.result.embedding)
        if answer.result.embedding.data_type == pb.DATA_TYPE_INT8:
            vector *= np.float32(answer.result.scale)
        result = EmbedResult(vector, answer.result.token_count, answer.result.truncated_from)
        return StreamItem(answer.id, result, None, timing(answer.timing), answer.model_version)


def tokens(reply: pb.TokenizeResponse) -> Tokens:
    """Of tokenize."""
    return Tokens(integers(reply.ids), integers(reply.begins), integers(reply.ends), reply.model_version)


def detokenized(reply: pb.DetokenizeResponse) -> Detokenized:
    """Of detokenize."""
    data = reply.text.encode() if reply.WhichOneof("form") == "text" else reply.text_bytes
    return Detokenized(data, integers(reply.ends), reply.model_version)


def timing(of: pb.Timing) -> Timing:
    """Of any call."""
    return Timing(of.queue_seconds, of.compute_seconds, of.batch_tokens, of.batch_requests, of.batch_count)


def _score(of: pb.TokenLogProbabilities) -> Score:
    return Score(integers(of.token_ids), _floats(of.log_probabilities), of.sum)


def _top_tokens(result: pb.ForwardResult) -> TopTokens:
    return TopTokens(
        integers([top.position for top in result.top_k]),
        integers([list(top.ids) for top in result.top_k]),
        _floats([list(top.logits) for top in result.top_k]),
        _floats([list(top.log_probabilities) for top in result.top_k]),
    )


def _floats(values: object) -> Floats:
    return np.array(values, dtype=np.float32)
