"""Callers of every kind, for as long as somebody looks at what the server says of them."""

import itertools
import random
import threading
from collections.abc import Callable

import grpc

from attnd.v1 import inference_pb2 as pb
from attnd.v1 import inference_pb2_grpc
from integration.messages import ids_input


class Traffic:
    """A context. Inside of it two callers call again and again with inputs of `1..longest` tokens; one streams; one makes
    mistakes, leaves before the answer, is in too much of a hurry, and calls `burst` times at once, so that a server with a
    short queue refuses some. They pause `pause_seconds` on average after each call, the last one a hundred times as long."""

    def __init__(self, address: str, longest: int = 32, burst: int = 64, pause_seconds: float = 0):
        self._longest = longest
        self._burst = burst
        self._pause_seconds = pause_seconds
        self._done = threading.Event()
        self._channel = grpc.insecure_channel(address)
        self._stub = inference_pb2_grpc.InferenceServiceStub(self._channel)
        callers = (self._embed, self._forward, self._stream, self._disturb)
        self._threads = [threading.Thread(target=self._until_done, args=(caller, random.Random(number)))
                         for number, caller in enumerate(callers)]

    def __enter__(self) -> "Traffic":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, error_type, error, traceback) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()
        self._channel.close()

    def _until_done(self, caller: Callable[[random.Random], None], numbers: random.Random) -> None:
        while not self._done.is_set():
            caller(numbers)
            self._pause(numbers)

    def _pause(self, numbers: random.Random, length: float = 1) -> None:
        self._done.wait(length * self._pause_seconds * numbers.expovariate(1))

    def _input(self, numbers: random.Random) -> pb.Input:
        return ids_input([numbers.randrange(100) for _ in range(numbers.randint(1, self._longest))])

    def _embed(self, numbers: random.Random) -> None:
        self._stub.Embed.future(pb.EmbedRequest(inputs=[self._input(numbers)])).code()

    def _forward(self, numbers: random.Random) -> None:
        request = pb.ForwardRequest(inputs=[self._input(numbers)] * 2, logits=pb.POSITIONS_LAST)
        self._stub.Forward.future(request).code()

    def _stream(self, numbers: random.Random) -> None:
        """Items, each sent when the one before it is answered."""
        answered = threading.Semaphore(1)

        def items():
            for number in itertools.count(1):
                answered.acquire()
                if self._done.is_set():
                    return
                self._pause(numbers)
                yield pb.EmbedStreamRequest(id=number, input=self._input(numbers))

        for _ in self._stub.EmbedStream(items()):
            answered.release()

    def _disturb(self, numbers: random.Random) -> None:
        self._stub.Embed.future(pb.EmbedRequest()).code()
        request = pb.EmbedRequest(inputs=[self._input(numbers) for _ in range(2)])
        calls = [self._stub.Embed.future(request) for _ in range(self._burst)]
        calls += [self._stub.Embed.future(request, timeout=0.001 * numbers.randint(1, 100)) for _ in range(2)]
        for call in calls[::8]:
            call.cancel()
        for call in calls:
            if not call.cancelled():
                call.code()
        self._pause(numbers, 100)
