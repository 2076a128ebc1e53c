"""Loads on one to three servers, and what came of them."""

import json
import os
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from integration.replicas import HaProxy, Replicas
from integration.waiting import wait_until
from scaling.cpu_cap import CpuCap

LENGTH = "uniform:1:64"
# Calls under way for each server: batches fill, and the queue stays short.
CALLERS_EACH = 8
# Of what three servers can do, while one of them is killed: the two that are left can do a little more.
SHARE_WHEN_KILLED = 0.55
ATTEMPTS = 4


@dataclass
class Row:
    """A line of the table."""

    way: str
    servers: str
    calls_per_second: float
    tokens_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms_per_1000_tokens: float  # of the servers
    failed: int
    calls: int


@contextmanager
def capped_servers(count: int, cores: float, model: Path) -> Iterator[Replicas]:
    """Servers of one thread each, held to `cores` of CPU time."""
    with ExitStack() as stack:
        caps = [stack.enter_context(CpuCap(str(number), cores)) for number in range(count)]
        yield stack.enter_context(Replicas(count, f"--model={model}", "--threads=1", "--drain_delay_ms=1000",
                                           prefixes=[cap.prefix for cap in caps]))


@contextmanager
def target(way: str, replicas: Replicas) -> Iterator[str]:
    """Where a client that goes one way or the other calls."""
    if way == "HAProxy":
        with HaProxy(replicas.addresses) as proxy:
            yield proxy.target
    else:
        yield ",".join(replicas.addresses)


def start_load(where: str, report: Path, *flags: str) -> subprocess.Popen:
    """attnd-load at work."""
    command = [os.environ["ATTND_LOAD"], f"--server={where}", f"--length={LENGTH}", f"--json={report}", *flags]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def cpu_seconds(replicas: Replicas) -> float:
    """CPU time that all servers have taken."""
    return sum(server.metric("process_cpu_seconds_total") for server in replicas.servers)


def measure(way: str, replicas: Replicas, seconds: float) -> Row:
    """Callers enough to keep all servers busy."""
    count = len(replicas.servers)
    with tempfile.TemporaryDirectory() as folder, target(way, replicas) as where:
        path = Path(folder) / "report.json"
        closed = f"--concurrency={CALLERS_EACH * count}"
        assert start_load(where, path, closed, "--duration_s=1").wait() == 0, "warming up"
        before = cpu_seconds(replicas)
        assert start_load(where, path, closed, f"--duration_s={seconds}").wait() == 0
        report = json.loads(path.read_text())
    return make_row(way, str(count), report, cpu_seconds(replicas) - before)


def measure_kill(way: str, replicas: Replicas, seconds: float, calls_per_second: float) -> Row:
    """An open loop, one of the servers killed in the middle of it."""
    with tempfile.TemporaryDirectory() as folder, target(way, replicas) as where:
        path = Path(folder) / "report.json"
        load = start_load(where, path, f"--rate_per_s={SHARE_WHEN_KILLED * calls_per_second}", f"--duration_s={seconds}",
                          f"--max_attempts={ATTEMPTS}")
        half = SHARE_WHEN_KILLED * calls_per_second * seconds / 2 / len(replicas.servers)
        already = replicas.embed_count(1)
        wait_until(lambda: replicas.embed_count(1) >= already + half, "half of the calls are answered")
        replicas.kill(1)
        assert load.wait() == 0
        report = json.loads(path.read_text())
    return make_row(way, f"{len(replicas.servers)}, one killed", report, 0)


def make_row(way: str, servers: str, report: dict, cpu: float) -> Row:
    """What of a report the table shows."""
    latency = report["latency_ms"]
    return Row(way, servers, report["ok_per_second"], report["ok_tokens_per_second"], latency["p50"], latency["p99"],
               1e6 * cpu / max(report["ok_tokens"], 1), report["sent"] + report["not_sent"] - report["ok"],
               report["sent"] + report["not_sent"])
