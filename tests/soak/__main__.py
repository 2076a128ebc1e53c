"""./dev soak: callers of every kind on one server, for minutes; exit code 1 if anything was wrong."""

import argparse
import sys

from soak.run import Result, soak
from soak.tally import Tally

REPORT_INTERVAL_SECONDS = 10
# What the allocator and gRPC's caches may still add in the second half.
TOLERATED_GROWTH_BYTES = 4 << 20


class Progress:
    """A line now and then."""

    def __init__(self, seconds: float):
        self._seconds = seconds
        self._next = 0

    def report(self, elapsed: float, tally: Tally, resident_bytes: float) -> None:
        """The present state."""
        if elapsed < self._next:
            return
        self._next = elapsed + REPORT_INTERVAL_SECONDS
        print(f"{elapsed:6.0f} of {self._seconds:.0f} s  {sum(tally.calls().values()):9d} calls  "
              f"{sum(tally.items().values()):9d} items  {resident_bytes / 2**20:6.1f} MiB  "
              f"{len(tally.faults())} faults", flush=True)


def print_result(result: Result) -> None:
    """For a person."""
    print(f"\n{'method':12} {'code':20} {'calls':>9}")
    for (method, code), count in sorted(result.calls.items()):
        print(f"{method:12} {code:20} {count:9d}")
    for code, count in sorted(result.items.items()):
        print(f"{'items':12} {code:20} {count:9d}")
    print(f"\n{result.seconds:.0f} s; {result.accepted} calls and items accepted, each answered once; "
          f"{result.resident_bytes / 2**20:.1f} MiB resident, {result.growth_bytes / 2**20:+.2f} MiB "
          "in the second half")


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long (default: 10)")
    parser.add_argument("--max_turns", type=int, default=10**7, help="turns of callers after which it ends earlier")
    arguments = parser.parse_args()
    seconds = 60 * arguments.minutes
    result = soak(seconds, arguments.max_turns, Progress(seconds).report)
    faults = list(result.faults)
    if result.growth_bytes > TOLERATED_GROWTH_BYTES:
        faults.append(f"memory grew by {result.growth_bytes / 2**20:.1f} MiB in the second half")
    print_result(result)
    for fault in faults[:20]:
        print(f"FAULT {fault}")
    print("failed" if faults else "passed", f"({len(faults)} faults)")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
