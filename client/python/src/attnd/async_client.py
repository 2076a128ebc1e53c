"""The client for asyncio: the methods of Client, to be awaited."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self, Unpack

import grpc
import grpc.aio

from attnd import replies, requests
from attnd.client import HEALTH_POLL_INTERVAL_S
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


class AsyncClient:
    """As Client, whose methods' docstrings hold here, too. Cancelling a task cancels the call that it awaits.

    Threads: belongs to the event loop that runs while it is made.
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
            self._channel = grpc.aio.insecure_channel(to.target, to.options)
        else:
            self._channel = grpc.aio.secure_channel(to.target, to.credentials, to.options)
        self._methods = Methods(self._channel)
        self._closed = False
        self._streams: set[Any] = set()  # calls of them that are under way

    async def close(self) -> None:
        """Client.close."""
        self._closed = True
        # grpc.aio leaves out those that have sent all their inputs.
        for call in self._streams:
            call.cancel()
        await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def forward(self, inputs: Iterable[Input], **options: Unpack[ForwardOptions]) -> ForwardReply:
        """Client.forward."""
        request = requests.forward_request(inputs, options, self._priority)
        return replies.forward_reply(*await self._call(self._methods.forward, request, options))

    async def embed(self, inputs: Iterable[Input], **options: Unpack[EmbedOptions]) -> EmbedReply:
        """Client.embed."""
        request = requests.embed_request(inputs, options, self._priority)
        return replies.embed_reply(*await self._call(self._methods.embed, request, options))

    async def score(self, inputs: Iterable[Input], **options: Unpack[ComputeOptions]) -> list[Score]:
        """Client.score."""
        check_names(options, ComputeOptions)
        reply = await self.forward(inputs, token_log_probabilities=True, **options)
        return [replies.score_of(result) for result in reply.results]

    async def top_k(
        self, inputs: Iterable[Input], k: int, positions: Positions = "last", **options: Unpack[ComputeOptions]
    ) -> list[TopTokens]:
        """Client.top_k."""
        check_names(options, ComputeOptions)
        reply = await self.forward(inputs, top_k=k, top_k_positions=positions, **options)
        return [replies.top_k_of(result) for result in reply.results]

    def forward_stream(
        self, inputs: Iterable[Input] | AsyncIterable[Input], **options: Unpack[ForwardStreamOptions]
    ) -> AsyncGenerator[StreamItem[ForwardResult], None]:
        """Client.forward_stream, where `aclose()` of the generator cancels what is not answered."""
        item = requests.forward_item(options, self._priority)
        answers = replies.ForwardAnswers(options.get("request_id", ""))
        return self._stream(self._methods.forward_stream, item, inputs, options, answers.read)

    def embed_stream(
        self, inputs: Iterable[Input] | AsyncIterable[Input], **options: Unpack[EmbedOptions]
    ) -> AsyncGenerator[StreamItem[EmbedResult], None]:
        """Client.embed_stream, as forward_stream."""
        item = requests.embed_item(options, self._priority)
        answers = replies.EmbedAnswers(options.get("request_id", ""))
        return self._stream(self._methods.embed_stream, item, inputs, options, answers.read)

    async def tokenize(self, text: str | bytes, **options: Unpack[CallOptions]) -> Tokens:
        """Client.tokenize."""
        check_names(options, CallOptions)
        reply, _ = await self._call(self._methods.tokenize, requests.tokenize_request(text), options)
        return replies.tokens(reply)

    async def detokenize(
        self, ids: Iterable[int], *, skip_special_tokens: bool = False, **options: Unpack[CallOptions]
    ) -> Detokenized:
        """Client.detokenize."""
        check_names(options, CallOptions)
        request = requests.detokenize_request(ids, skip_special_tokens)
        reply, _ = await self._call(self._methods.detokenize, request, options)
        return replies.detokenized(reply)

    async def get_model(self, **options: Unpack[CallOptions]) -> pb.GetModelResponse:
        """Client.get_model."""
        check_names(options, CallOptions)
        reply: pb.GetModelResponse = (await self._call(self._methods.get_model, pb.GetModelRequest(), options))[0]
        return reply

    async def health(self, service: str = "", **options: Unpack[CallOptions]) -> HealthStatus:
        """Client.health."""
        check_names(options, CallOptions)
        status: HealthStatus = (await self._call(self._methods.health, service, options))[0]
        return status

    async def wait_until_serving(self, timeout_s: float = 60.0) -> None:
        """Client.wait_until_serving."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                status = await self.health(timeout_s=max(0.001, deadline - time.monotonic()))
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
            await asyncio.sleep(HEALTH_POLL_INTERVAL_S)

    async def _call(self, method: Any, request: Any, options: CallOptions) -> tuple[Any, str]:
        """The reply, and the id the server calls the call by."""
        timeout_s = options.get("timeout_s", self._timeout_s)
        metadata = self._connection.call_metadata(options.get("request_id"))
        call = method(request, timeout=timeout_s, metadata=metadata)
        with self._call_errors():
            reply = await call
            trailers = await call.trailing_metadata()
        return reply, request_id_of(trailers)

    async def _stream(
        self,
        method: Any,
        item: requests.Item,
        inputs: Iterable[Input] | AsyncIterable[Input],
        options: CallOptions,
        read: Callable[[Any], StreamItem[Result] | None],
    ) -> AsyncGenerator[StreamItem[Result], None]:
        """Opens a stream of items like `item`; `read` makes results of its answers."""
        failures: list[Exception] = []
        sender: asyncio.Task[Any] | None = None

        async def items() -> AsyncIterator[requests.Item]:
            # In a task of gRPC's, where nobody would see what the caller's iterable raises.
            nonlocal sender
            sender = asyncio.current_task()
            try:
                index = 0
                async for one in _each(inputs):
                    yield requests.numbered(item, index, requests.encode_input(one, f"inputs[{index}]"))
                    index += 1
                    if call.done():  # or gRPC would take one more before it notices
                        return
            except Exception as error:
                failures.append(error)

        metadata = self._connection.call_metadata(options.get("request_id"))
        call: Any = method(items(), timeout=options.get("timeout_s"), metadata=metadata)
        self._streams.add(call)
        try:
            with self._call_errors():
                async for answer in call:
                    if (result := read(answer)) is not None:
                        yield result
        finally:
            self._streams.discard(call)
            call.cancel()
            await _end(sender)
        if failures:
            raise failures[0]

    @contextlib.contextmanager
    def _call_errors(self) -> Iterator[None]:
        """Makes a CallError of what grpc.aio raises where a call failed or `close` ended it."""
        try:
            yield
        except grpc.RpcError as error:
            raise from_rpc_error(error) from None
        except asyncio.CancelledError:
            # Of the task, or only of the call.
            task = asyncio.current_task()
            if not self._closed or (task is not None and task.cancelling()):
                raise
            raise CallError(grpc.StatusCode.CANCELLED, "the client was closed") from None


async def _end(sender: asyncio.Task[Any] | None) -> None:
    """Of a stream, which gRPC cancels only with its call: not where the call has ended and the caller is to be heard."""
    if sender is None:
        return
    if not sender.cancelling():
        sender.cancel()
    await asyncio.wait([sender])


async def _each(inputs: Iterable[Input] | AsyncIterable[Input]) -> AsyncIterator[Input]:
    requests.refuse_text(inputs)
    if isinstance(inputs, AsyncIterable):
        async for one in inputs:
            yield one
    else:
        for one in inputs:
            yield one
