"""Callers of every kind: each makes calls, knows which ends are right for them, and tells a Tally of all."""

import random
from collections.abc import Callable, Iterator
from itertools import islice

import grpc

from attnd.v1 import inference_pb2 as pb
from attnd.v1 import inference_pb2_grpc
from integration.messages import forward_request, hidden_input, ids_input
from soak.inputs import Known, KnownInputs, wrong_requests
from soak.tally import Tally

TIMEOUT_SECONDS = 60
PRIORITIES = (pb.PRIORITY_UNSPECIFIED, pb.PRIORITY_CRITICAL, pb.PRIORITY_HIGH, pb.PRIORITY_NORMAL, pb.PRIORITY_LOW)
# A full queue is the doing of the callers, who are more than it holds.
ANSWERED = {"OK", "RESOURCE_EXHAUSTED"}


def until_the_end(call: Iterator[pb.EmbedStreamResponse]) -> Iterator[pb.EmbedStreamResponse]:
    """The replies of a stream; how it ended is for its code to say."""
    try:
        yield from call
    except grpc.RpcError:
        pass


class Callers:
    """What one thread of callers does. Threads: one."""

    def __init__(self, stub: inference_pb2_grpc.InferenceServiceStub, known: KnownInputs, tally: Tally, seed: int):
        self._stub = stub
        self._known = known
        self._tally = tally
        self._random = random.Random(seed)

    def kinds(self) -> dict[str, Callable[[], None]]:
        """Every kind of caller, by name."""
        return {"embed": self.embed, "forward": self.forward, "many inputs": self.many_inputs,
                "describe": self.describe, "cancel": self.cancel, "deadline": self.deadline, "wrong": self.wrong,
                "burst": self.burst, "stream": self.stream, "broken stream": self.broken_stream}

    def embed(self) -> None:
        """One input."""
        self._check_embed([self._pick()])

    def many_inputs(self) -> None:
        """Up to 200, together more than a batch holds."""
        self._check_embed([self._pick() for _ in range(self._random.randint(2, 200))])

    def forward(self) -> None:
        """Hidden states of two layers, and logits, of one input of either form."""
        known = self._pick()
        tokens = ids_input(known.ids) if self._random.random() < 0.7 else hidden_input(known.hidden)
        request = forward_request([tokens], ["h.0", "ln_f"], pb.POSITIONS_LAST)
        code, reply = self._wait("Forward", self._stub.Forward.future(request, timeout=TIMEOUT_SECONDS), ANSWERED)
        if code == "OK" and [result.token_count for result in reply.results] != [len(known.ids)]:
            self._tally.add_fault("a Forward was answered with the result of another")

    def describe(self) -> None:
        """GetModel."""
        self._wait("GetModel", self._stub.GetModel.future(pb.GetModelRequest(), timeout=TIMEOUT_SECONDS), {"OK"})

    def cancel(self) -> None:
        """A caller who loses patience: at once, or when others have been answered."""
        call = self._stub.Embed.future(self._request([self._pick() for _ in range(20)]), timeout=TIMEOUT_SECONDS)
        for _ in range(self._random.randint(0, 2)):
            self.embed()
        call.cancel()
        self._wait("Embed", call, ANSWERED | {"CANCELLED"}, given_up=True)

    def deadline(self) -> None:
        """A deadline that may be too near."""
        request = self._request([self._pick() for _ in range(self._random.randint(1, 50))])
        call = self._stub.Embed.future(request, timeout=self._random.uniform(0.0005, 0.03))
        self._wait("Embed", call, ANSWERED | {"DEADLINE_EXCEEDED"}, given_up=True)

    def wrong(self) -> None:
        """Requests that are refused, each for a reason of its own."""
        method, request = self._random.choice(wrong_requests())
        call = getattr(self._stub, method).future(request, timeout=TIMEOUT_SECONDS)
        self._wait(method, call, {"INVALID_ARGUMENT"})

    def burst(self) -> None:
        """More calls at once than the queue holds."""
        known = [self._pick() for _ in range(100)]
        calls = [self._stub.Embed.future(self._request([one]), timeout=TIMEOUT_SECONDS) for one in known]
        for one, call in zip(known, calls):
            self._check_reply([one], *self._wait("Embed", call, ANSWERED))

    def stream(self) -> None:
        """Items, some of them wrong; each is answered once."""
        known = {number: self._pick() for number in range(self._random.randint(1, 60))}
        wrong = {number for number in known if self._random.random() < 0.05}
        items = [self._item(number, one, number in wrong) for number, one in known.items()]
        answers = {}
        call = self._stub.EmbedStream(iter(items), timeout=TIMEOUT_SECONDS)
        for reply in until_the_end(call):
            if reply.id in answers:
                self._tally.add_fault("an item was answered twice")
            answers[reply.id] = reply
        self._count("EmbedStream", call, {"OK"})
        if set(answers) != set(known):
            self._tally.add_fault(f"{len(known) - len(answers)} items of a stream were not answered")
        for number, reply in answers.items():
            self._check_item(known[number], reply, number in wrong)

    def broken_stream(self) -> None:
        """A stream whose caller leaves after a few answers."""
        items = [self._item(number, self._pick(), False) for number in range(200)]
        call = self._stub.EmbedStream(iter(items), timeout=TIMEOUT_SECONDS)
        for _ in islice(until_the_end(call), self._random.randint(0, 5)):
            pass
        call.cancel()
        self._count("EmbedStream", call, {"OK", "CANCELLED"}, given_up=True)

    def _pick(self) -> Known:
        return self._random.choice(self._known.all)

    def _request(self, known: list[Known]) -> pb.EmbedRequest:
        return pb.EmbedRequest(inputs=[ids_input(one.ids) for one in known], priority=self._random.choice(PRIORITIES))

    def _item(self, number: int, known: Known, wrong: bool) -> pb.EmbedStreamRequest:
        return pb.EmbedStreamRequest(id=number, input=pb.Input() if wrong else ids_input(known.ids),
                                     priority=self._random.choice(PRIORITIES))

    def _check_embed(self, known: list[Known]) -> None:
        call = self._stub.Embed.future(self._request(known), timeout=TIMEOUT_SECONDS)
        self._check_reply(known, *self._wait("Embed", call, ANSWERED))

    def _check_reply(self, known: list[Known], code: str, reply: pb.EmbedResponse | None) -> None:
        if code == "OK" and reply.embeddings.data != b"".join(one.embedding for one in known):
            self._tally.add_fault("an Embed was answered with other bytes than its inputs have")

    def _check_item(self, known: Known, reply: pb.EmbedStreamResponse, wrong: bool) -> None:
        code = "OK"
        if reply.HasField("status"):
            code = next(code.name for code in grpc.StatusCode if code.value[0] == reply.status.code)
        elif reply.result.embedding.data != known.embedding:
            self._tally.add_fault("an item was answered with other bytes than its input has")
        self._tally.add_item(code)
        if code not in ({"INVALID_ARGUMENT"} if wrong else ANSWERED):
            self._tally.add_fault(f"an item ended with {code}: {reply.status.message}")

    def _wait(self, method: str, call: grpc.Future, right: set[str], given_up: bool = False) -> tuple:
        """Waits for the end of a unary call; returns its code and, where that is OK, its reply."""
        try:
            reply = call.result()
        except (grpc.RpcError, grpc.FutureCancelledError):
            reply = None
        return self._count(method, call, right, given_up), reply

    def _count(self, method: str, call: grpc.Call, right: set[str], given_up: bool = False) -> str:
        code = call.code().name
        self._tally.add_call(method, code, given_up)
        if code not in right:
            self._tally.add_fault(f"{method} ended with {code}: {call.details()}")
        return code
