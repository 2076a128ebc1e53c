"""Whether a process keeps growing."""

import time


class MemoryTrend:
    """Resident memory over time. Threads: one."""

    def __init__(self) -> None:
        self._samples: list[tuple[float, float]] = []

    def add(self, resident_bytes: float) -> None:
        """Now."""
        self._samples.append((time.monotonic(), resident_bytes))

    def growth_bytes(self) -> float:
        """What the second half of the time added, by the straight line that fits it best."""
        middle = (self._samples[0][0] + self._samples[-1][0]) / 2
        half = [(at, value) for at, value in self._samples if at >= middle]
        if len(half) < 2:
            return 0
        mean_at = sum(at for at, _ in half) / len(half)
        mean_value = sum(value for _, value in half) / len(half)
        spread = sum((at - mean_at) ** 2 for at, _ in half)
        slope = sum((at - mean_at) * (value - mean_value) for at, value in half) / spread
        return slope * (half[-1][0] - half[0][0])
