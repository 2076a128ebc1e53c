"""A soak: callers of every kind on one server, for a time, and what came of it."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import grpc

from attnd.v1 import inference_pb2_grpc
from integration.server_process import ServerProcess
from integration.waiting import wait_until
from oracle import golden
from soak.accounts import Scrape, differences, is_settled
from soak.callers import Callers
from soak.inputs import KnownInputs
from soak.memory import MemoryTrend
from soak.tally import Tally

THREADS = 12
# Small enough that bursts and crowds meet every limit.
FLAGS = (f"--model={golden.folder('tiny')}", "--max_batch_tokens=512", "--max_queue_requests=48",
         "--max_queue_tokens=16384", "--max_stream_items=16")
SAMPLE_INTERVAL_SECONDS = 1


@dataclass
class Result:
    """What a soak found."""

    seconds: float
    calls: Counter  # by (method, code)
    items: Counter  # by code
    accepted: int
    faults: list[str]
    resident_bytes: float
    growth_bytes: float  # in the second half


class Stop:
    """When the callers are to end: at a time, or after so many turns. Threads: any."""

    def __init__(self, seconds: float, max_turns: int):
        self._ends_at = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._turns_left = max_turns

    def reached(self) -> bool:
        """Asked before every turn of a caller."""
        with self._lock:
            self._turns_left -= 1
            return self._turns_left < 0 or self.time_left() <= 0

    def time_left(self) -> float:
        """Seconds."""
        return self._ends_at - time.monotonic()


def call_until(stop: Stop, address: str, known: KnownInputs, tally: Tally, seed: int) -> None:
    """What one thread does: the kinds of callers in turn, over a connection of its own."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(address, options=options) as channel:
        callers = Callers(inference_pb2_grpc.InferenceServiceStub(channel), known, tally, seed)
        kinds = list(callers.kinds().values())
        turn = seed
        while not stop.reached():
            kinds[turn % len(kinds)]()
            turn += 1


def soak(seconds: float, max_turns: int, report: Callable[[float, Tally, float], None]) -> Result:
    """Runs it. `report` is told the seconds so far, the tally and the bytes of memory, about once a second."""
    tally = Tally()
    memory = MemoryTrend()
    with ServerProcess(*FLAGS) as server:
        known = KnownInputs(server.stub, seed=1)
        before = Scrape(server.scrape())
        started_at = time.monotonic()
        stop = Stop(seconds, max_turns)
        with ThreadPoolExecutor(THREADS) as pool:
            threads = [pool.submit(call_until, stop, server.address, known, tally, seed) for seed in range(THREADS)]
            while not all(thread.done() for thread in threads):
                resident = Scrape(server.scrape()).sum("process_resident_memory_bytes")
                memory.add(resident)
                report(time.monotonic() - started_at, tally, resident)
                time.sleep(SAMPLE_INTERVAL_SECONDS)
            for thread in threads:
                thread.result()
        wait_until(lambda: is_settled(Scrape(server.scrape())), "every call is answered")
        after = Scrape(server.scrape())
    return Result(seconds=time.monotonic() - started_at, calls=tally.calls(), items=tally.items(),
                  accepted=after.accepted() - before.accepted(),
                  faults=tally.faults() + differences(tally, before, after),
                  resident_bytes=after.sum("process_resident_memory_bytes"), growth_bytes=memory.growth_bytes())
