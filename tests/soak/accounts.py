"""Whether client and server count the same."""

import re

from soak.tally import Tally

SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="([^"]*)"')
GO_NAMES = {"OK": "OK", "CANCELLED": "Canceled", "INVALID_ARGUMENT": "InvalidArgument",
            "DEADLINE_EXCEEDED": "DeadlineExceeded", "RESOURCE_EXHAUSTED": "ResourceExhausted"}
SETTLED = ("attnd_queue_requests", "attnd_queue_tokens", "attnd_inflight_requests", "attnd_inflight_tokens",
           "attnd_stream_items")


class Scrape:
    """The samples of a scrape."""

    def __init__(self, text: str):
        self._samples = [(name, dict(LABEL.findall(labels or "")), float(value))
                         for name, labels, value in SAMPLE.findall(text)]

    def sum(self, name: str, **labels: str) -> int:
        """Of all series of this name with at least these labels."""
        return round(sum(value for sample, found, value in self._samples
                         if sample == name and labels.items() <= found.items()))

    def accepted(self) -> int:
        """Calls and items that were computed or given up after their acceptance."""
        return self.sum("attnd_request_duration_seconds_count") + sum(
            self.sum("attnd_cancelled_total", stage=stage) for stage in ("queue", "compute"))


def is_settled(scrape: Scrape) -> bool:
    """Whether nothing is under way."""
    return all(scrape.sum(gauge) == 0 for gauge in SETTLED) and all(
        scrape.sum("grpc_server_started_total", grpc_method=method) ==
        scrape.sum("grpc_server_handled_total", grpc_method=method)
        for method in ("Embed", "Forward", "GetModel", "EmbedStream"))


def differences(tally: Tally, before: Scrape, after: Scrape) -> list[str]:
    """What does not add up between two moments at which nothing was under way; empty if everything does."""
    found = []

    def expect(what: str, low: int, value: int, high: int) -> None:
        if not low <= value <= high:
            found.append(f"{what}: {value}, must be in [{low}, {high}]")

    def moved(name: str, **labels: str) -> int:
        return after.sum(name, **labels) - before.sum(name, **labels)

    calls = tally.calls()
    for method in ("Embed", "Forward", "GetModel", "EmbedStream"):
        # Of calls that were given up the server may not have heard, or may have answered them all the same.
        unsure = tally.given_up(method)
        total = sum(count for (name, _), count in calls.items() if name == method)
        started = moved("grpc_server_started_total", grpc_method=method)
        expect(f"{method} calls that arrived", total - unsure, started, total)
        handled = moved("grpc_server_handled_total", grpc_method=method)
        expect(f"{method} calls answered", started, handled, started)
        for code, go_name in GO_NAMES.items():
            seen = calls[method, code]
            counted = moved("grpc_server_handled_total", grpc_method=method, grpc_code=go_name)
            expect(f"{method} calls answered with {code}", max(0, seen - unsure), counted, seen + unsure)
        named = sum(moved("grpc_server_handled_total", grpc_method=method, grpc_code=name) for name in GO_NAMES.values())
        expect(f"{method} calls answered with other codes", 0, handled - named, 0)
    # Each call and item that was accepted ended once, computed or given up; the others were refused or wrong.
    arrived = (sum(moved("grpc_server_started_total", grpc_method=method) for method in ("Embed", "Forward")) +
               moved("grpc_server_msg_received_total", grpc_method="EmbedStream"))
    refused = moved("attnd_rejected_total")
    wrong = sum(moved("grpc_server_handled_total", grpc_method=method, grpc_code="InvalidArgument")
                for method in ("Embed", "Forward")) + tally.items()["INVALID_ARGUMENT"]
    ended = after.accepted() - before.accepted()
    expect("calls and items accepted, refused or wrong", arrived, ended + refused + wrong, arrived)
    return found
