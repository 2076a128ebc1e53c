"""Numbers as Grafana writes them."""

import math

PREFIXES = {"short": ["", " K", " M", " G"], "bytes": [" B", " KiB", " MiB", " GiB"]}
SUFFIXES = {"reqps": " req/s", "ops": " ops/s", "none": "", "short": ""}


def text(value: float, unit: str, decimals: int | None = None) -> str:
    """Three significant digits, or as many decimals as the panel says."""
    if unit == "percentunit":
        return f"{100 * value:.3g} %" if decimals is None else f"{100 * value:.{decimals}f} %"
    if unit == "s":
        return duration(value)
    if unit in PREFIXES:
        base = 1024 if unit == "bytes" else 1000
        steps = PREFIXES[unit]
        step = min(int(math.log(abs(value), base)), len(steps) - 1) if abs(value) >= base else 0
        return f"{value / base ** step:.3g}{steps[step]}"
    return f"{value:.3g}" + SUFFIXES[unit]


def duration(seconds: float) -> str:
    """In the unit that makes it a small number."""
    if seconds == 0:
        return "0 s"
    for limit, factor, unit in ((1e-3, 1e6, "µs"), (1, 1e3, "ms"), (60, 1, "s"), (3600, 1 / 60, "min"),
                                (86400, 1 / 3600, "h")):
        if abs(seconds) < limit:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds / 86400:.3g} d"


def round_up(value: float) -> float:
    """To a number of one digit times a power of ten, or near it: the upper end of an axis."""
    if value <= 0:
        return 1
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10) if value <= step * power * (1 + 1e-9))
