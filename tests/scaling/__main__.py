"""The command line: ./dev bench scaling."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from integration.replicas import haproxy_path
from scaling.measure import CALLERS_EACH, LENGTH, Row, capped_servers, measure, measure_kill

WAYS = ["round robin", "HAProxy"]


def table(rows: list[Row]) -> str:
    """As docs/scaling.md has it."""
    lines = ["| way | servers | calls/s | tokens/s | p50 ms | p99 ms | CPU ms for 1000 tokens | failed | of calls |",
             "|---|---|---:|---:|---:|---:|---:|---:|---:|"]
    for row in rows:
        cpu = f"{row.cpu_ms_per_1000_tokens:.0f}" if row.cpu_ms_per_1000_tokens else ""
        lines.append(f"| {row.way} | {row.servers} | {row.calls_per_second:.1f} | {row.tokens_per_second:.0f} | "
                     f"{row.p50_ms:.0f} | {row.p99_ms:.0f} | {cpu} | {row.failed} | {row.calls} |")
    return "\n".join(lines)


def main() -> None:
    """Measures, says so on standard error as it goes, and prints the table."""
    parser = argparse.ArgumentParser(prog="./dev bench scaling", description=__doc__)
    parser.add_argument("--cores", type=float, default=0.5, help="CPU time of each server, in cores (0.5)")
    parser.add_argument("--layers", type=int, default=2, help="of the model, 768 channels wide (2)")
    parser.add_argument("--seconds", type=float, default=8, help="of each load (8)")
    parser.add_argument("--json", type=Path, help="also write the rows there")
    arguments = parser.parse_args()
    if haproxy_path() is None:
        sys.exit("no HAProxy on this machine")

    rows = []
    with tempfile.TemporaryDirectory(prefix="attnd-scaling-") as folder:
        model = Path(folder) / "model"
        subprocess.run([os.environ["ATTND_MODEL"], "init", model, f"--layers={arguments.layers}"], check=True,
                       stdout=subprocess.DEVNULL)
        for count in (1, 2, 3):
            with capped_servers(count, arguments.cores, model) as replicas:
                for way in WAYS:
                    print(f"{count} servers, {way}", file=sys.stderr)
                    rows.append(measure(way, replicas, arguments.seconds))
        capacity = min(row.calls_per_second for row in rows[-len(WAYS):])
        for way in WAYS:
            print(f"3 servers, one of them killed, {way}", file=sys.stderr)
            with capped_servers(3, arguments.cores, model) as replicas:
                rows.append(measure_kill(way, replicas, arguments.seconds, capacity))
    print(f"{arguments.cores} cores a server, {arguments.layers} layers, {LENGTH} tokens, {CALLERS_EACH} callers a server\n")
    print(table(rows))
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")


if __name__ == "__main__":
    main()
