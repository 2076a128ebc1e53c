"""The client that waits for its answers; AsyncClient has the same methods for asyncio."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self, Unpack

import grpc

from attnd import replies, requests
from attnd.connection import RetryPolicy, Tls, connection
from attnd.errors import CallError, from_rpc_error, request_id_of
from attnd.exit import keep_grpc_engine
from attnd.health import HealthStatus
from attnd.methods import Methods
from attnd.options import (
    CallOptions,
    ComputeOptions,
    EmbedOptions,
    ForwardOptions,
    ForwardStreamOptions,
    Input,
    Positions,
    Priority,
    check_names,
)
from attnd.results import (
    Detokenized,
    EmbedReply,
    EmbedResult,
    ForwardReply,
    ForwardResult,
    Result,
    Score,
    StreamItem,
    Tokens,
    TopTokens,
)
from attnd.v1 import inference_pb2 as pb

HEALTH_POLL_INTERVAL_S = 0.05  # a server that starts is noticed this soon


class Client:
    """A client of one attnd server, or of several that serve the same model.

    `target` is "host:port" or "unix:PATH". Calls take turns among several servers: a list of "IP:PORT", or
    "dns:///name:port". Of several, those that cannot be reached or whose health is not SERVING are left out.
    `timeout_s` is the deadline of every call but streams, `priority` that of calls that name none. `api_key` is shown
    with every call, which in plaintext others can read.

    Threads: every method may be called from several threads at once.
    Errors: CallError, of every method that calls a server. ValueError and TypeError for arguments that are none.
    """

    def __init__(
        self,
        target: str | Sequence[str] = "localhost:50051",
        *,
        timeout_s: float = 60.0,
        priority: Priority = "normal",
        tls: Tls | None = None,
        api_key: str | None = None,
        retry: RetryPolicy | None = RetryPolicy(),
        max_message_bytes: int = 256 << 20,
    ) -> None:
        keep_grpc_engine()
        self._connection = connection(target, tls, api_key, retry, max_message_bytes)
        self._timeout_s = timeout_s
        self._priority = priority
        to = self._connection
        if to.credentials is None:
            self._channel = grpc.insecure_channel(to.target, to.options)
        else:
            self._channel = grpc.secure_channel(to.target, to.credentials, to.options)
        self._methods = Methods(self._channel)

    def close(self) -> None:
        """Ends the connections, and calls under way with CANCELLED. So does leaving the client as a context."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def forward(self, inputs: Iterable[Input], **options: Unpack[ForwardOptions]) -> ForwardReply:
        """Runs inputs through the stack; the options say what comes back."""
        request = requests.forward_request(inputs, options, self._priority)
        return replies.forward_reply(*self._call(self._methods.forward, request, options))

    def embed(self, inputs: Iterable[Input], **options: Unpack[EmbedOptions]) -> EmbedReply:
        """Pools the final hidden states of every input into one vector."""
        request = requests.embed_request(inputs, options, self._priority)
        return replies.embed_reply(*self._call(self._methods.embed, request, options))

    def score(self, inputs: Iterable[Input], **options: Unpack[ComputeOptions]) -> list[Score]:
        """The log-probability of each token of every input, which hidden states have not."""
        check_names(options, ComputeOptions)
        reply = self.forward(inputs, token_log_probabilities=True, **options)
        return [replies.score_of(result) for result in reply.results]

    def top_k(
        self, inputs: Iterable[Input], k: int, positions: Positions = "last", **options: Unpack[ComputeOptions]
    ) -> list[TopTokens]:
        """The k likeliest next tokens after the positions of every input."""
        check_names(options, ComputeOptions)
        reply = self.forward(inputs, top_k=k, top_k_positions=positions, **options)
        return [replies.top_k_of(result) for result in reply.results]

    def forward_stream(
        self, inputs: Iterable[Input], **options: Unpack[ForwardStreamOptions]
    ) -> Generator[StreamItem[ForwardResult], None, None]:
        """Forward for any number of inputs, taken one by one as the server has room for them, on a thread of gRPC's.

        Answers come as they are ready, in any order: StreamItem.index tells which input one is of. An input that the
        server refuses gets an error of its own and does not end the stream. Where `inputs` itself raises, what came
        before is answered, then the exception is raised here. `close()` of the generator cancels what is not answered.
        Nothing is sent twice.
        """
        item = requests.forward_item(options, self._priority)
        answers = replies.ForwardAnswers(options.get("request_id", ""))
        return self._stream(self._methods.forward_stream, item, inputs, options, answers.read)

    def embed_stream(
        self, inputs: Iterable[Input], **options: Unpack[EmbedOptions]
    ) -> Generator[StreamItem[EmbedResult], None, None]:
        """Embed for any number of inputs, as forward_stream."""
        item = requests.embed_item(options, self._priority)
        answers = replies.EmbedAnswers(options.get("request_id", ""))
        return self._stream(self._methods.embed_stream, item, inputs, options, answers.read)

    def tokenize(self, text: str | bytes, **options: Unpack[CallOptions]) -> Tokens:
        """The tokens of a text."""
        check_names(options, CallOptions)
        reply, _ = self._call(self._methods.tokenize, requests.tokenize_request(text), options)
        return replies.tokens(reply)

    def detokenize(
        self, ids: Iterable[int], *, skip_special_tokens: bool = False, **options: Unpack[CallOptions]
    ) -> Detokenized:
        """The text of tokens."""
        check_names(options, CallOptions)
        request = requests.detokenize_request(ids, skip_special_tokens)
        return replies.detokenized(self._call(self._methods.detokenize, request, options)[0])

    def get_model(self, **options: Unpack[CallOptions]) -> pb.GetModelResponse:
        """The model being served, the limits on a call, and the code that computes it: the protocol's own message."""
        check_names(options, CallOptions)
        reply: pb.GetModelResponse = self._call(self._methods.get_model, pb.GetModelRequest(), options)[0]
        return reply

    def health(self, service: str = "", **options: Unpack[CallOptions]) -> HealthStatus:
        """What one server says of itself; the empty name stands for all it serves."""
        check_names(options, CallOptions)
        status: HealthStatus = self._call(self._methods.health, service, options)[0]
        return status

    def wait_until_serving(self, timeout_s: float = 60.0) -> None:
        """Waits for a server that is starting.

        Raises CallError, UNAVAILABLE or DEADLINE_EXCEEDED, when it is not serving by then.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                status = self.health(timeout_s=max(0.001, deadline - time.monotonic()))
            except CallError as error:
                if error.code != grpc.StatusCode.UNAVAILABLE:
                    raise
                failure = error
            else:
                if status == HealthStatus.SERVING:
                    return
                failure = CallError(grpc.StatusCode.UNAVAILABLE, f"the server says {status.name}")
            if time.monotonic() + HEALTH_POLL_INTERVAL_S >= deadline:
                raise failure
            time.sleep(HEALTH_POLL_INTERVAL_S)

    def _call(self, method: Any, request: Any, options: CallOptions) -> tuple[Any, str]:
        """The reply, and the id the server calls the call by."""
        timeout_s = options.get("timeout_s", self._timeout_s)
        metadata = self._connection.call_metadata(options.get("request_id"))
        try:
            reply, call = method.with_call(request, timeout=timeout_s, metadata=metadata)
        except grpc.RpcError as error:
            raise from_rpc_error(error) from None
        return reply, request_id_of(call.trailing_metadata())

    def _stream(
        self,
        method: Any,
        item: requests.Item,
        inputs: Iterable[Input],
        options: CallOptions,
        read: Callable[[Any], StreamItem[Result] | None],
    ) -> Generator[StreamItem[Result], None, None]:
        """Opens a stream of items like `item`; `read` makes results of its answers."""
        failures: list[Exception] = []

        def items() -> Iterator[requests.Item]:
            # On a thread of gRPC's, where nobody would see what the caller's iterable raises.
            try:
                for index, one in enumerate(requests.encode_inputs(inputs)):
                    yield requests.numbered(item, index, one)
            except Exception as error:
                failures.append(error)

        metadata = self._connection.call_metadata(options.get("request_id"))
        call = method(items(), timeout=options.get("timeout_s"), metadata=metadata)
        return _results(call, read, failures)


def _results(
    call: Any, read: Callable[[Any], StreamItem[Result] | None], failures: list[Exception]
) -> Generator[StreamItem[Result], None, None]:
    try:
        for answer in call:
            if (result := read(answer)) is not None:
                yield result
    except grpc.RpcError as error:
        raise from_rpc_error(error) from None
    finally:
        call.cancel()
    if failures:
        raise failures[0]
