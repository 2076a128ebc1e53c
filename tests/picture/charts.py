"""SVG of panels that show series over time. A series is a legend and points (seconds since 1970, value)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape

from picture import numbers

PALETTE = ["#7eb26d", "#eab839", "#6ed0e0", "#ef843c", "#e24d42", "#1f78c1", "#ba43a9", "#705da0", "#508642", "#cca300",
           "#447ebc", "#c15c17"]
GRID, TEXT, LIMIT = "#2c3235", "#9fa7b3", "#f2495c"
ORANGES = ["#3a2614", "#6b3d12", "#9c5410", "#cc6f17", "#f28f31", "#ffc48a"]
AXIS_WIDTH, AXIS_HEIGHT, TOP, LINES = 62, 18, 10, 4
Points = list[tuple[float, float]]


@dataclass
class Series:
    """What one query says over time."""

    legend: str
    points: Points = field(default_factory=list)


class Plot:
    """The area in which values are drawn, with its axes, in a picture of `width` x `height` pixels."""

    def __init__(self, width: int, height: int, times: tuple[float, float], top: float):
        self.width, self.height, self.top = width, height, top
        self._start, self._end = times
        self.marks: list[str] = []

    def x(self, time: float) -> float:
        """Pixels from the left."""
        return AXIS_WIDTH + (time - self._start) / (self._end - self._start) * (self.width - AXIS_WIDTH - 4)

    def y(self, value: float) -> float:
        """Pixels from above."""
        return TOP + (1 - min(value / self.top, 1)) * (self.height - AXIS_HEIGHT - TOP)

    def axes(self, unit: str) -> None:
        """Lines and what they mean."""
        for line in range(LINES + 1):
            value = self.top * line / LINES
            y = self.y(value)
            self.marks.append(f'<path d="M{AXIS_WIDTH} {y:.1f}H{self.width - 4}" stroke="{GRID}"/>'
                              f'<text x="{AXIS_WIDTH - 6}" y="{y + 4:.1f}" text-anchor="end">'
                              f'{numbers.text(value, unit)}</text>')
        for part in (0, 0.5, 1):
            seconds = (1 - part) * (self._end - self._start)
            self.marks.append(f'<text x="{self.x(self._end - seconds):.1f}" y="{self.height - 3}" '
                              f'text-anchor="{("start", "middle", "end")[int(2 * part)]}">'
                              f'{"now" if seconds == 0 else "-" + numbers.duration(seconds)}</text>')

    def line(self, points: Points, color: str, floor: Points | None = None, fill: float = 0.08) -> None:
        """A line, and what lies between it and `floor`, else the axis."""
        if not points:
            return
        path = " ".join(f"{self.x(time):.1f},{self.y(value):.1f}" for time, value in points)
        below = floor or [(points[0][0], 0), (points[-1][0], 0)]
        back = " ".join(f"{self.x(time):.1f},{self.y(value):.1f}" for time, value in reversed(below))
        self.marks.append(f'<polygon points="{path} {back}" fill="{color}" fill-opacity="{fill}"/>'
                          f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="1.3"/>')

    def limit(self, value: float) -> None:
        """The dashed line of a threshold, if it is in sight."""
        if value <= self.top:
            self.marks.append(f'<path d="M{AXIS_WIDTH} {self.y(value):.1f}H{self.width - 4}" stroke="{LIMIT}" '
                              'stroke-dasharray="6 5"/>')

    def svg(self) -> str:
        """The whole picture."""
        return f'<svg width="{self.width}" height="{self.height}" fill="{TEXT}">{"".join(self.marks)}</svg>'


def stacked(series: Iterable[Series]) -> list[Series]:
    """Each with the values of those before it added."""
    below: dict[float, float] = {}
    result = []
    for one in series:
        points = [(time, value + below.get(time, 0)) for time, value in one.points]
        below.update(points)
        result.append(Series(one.legend, points))
    return result


def time_series(series: list[Series], width: int, height: int, times: tuple[float, float], unit: str, stack: bool,
                limit: float | None) -> str:
    """Lines, or areas one above the other."""
    drawn = stacked(series) if stack else series
    top = max((value for one in drawn for _, value in one.points), default=0)
    plot = Plot(width, height, times, numbers.round_up(top))
    plot.axes(unit)
    floor: Points | None = None
    for number, one in enumerate(drawn):
        plot.line(one.points, PALETTE[number % len(PALETTE)], floor, 0.3 if stack else 0.08)
        floor = one.points if stack else None
    if limit is not None:
        plot.limit(limit)
    return plot.svg()


def legend(series: list[Series]) -> str:
    """Names in the colours of their lines."""
    return "".join(f'<span><i style="background:{PALETTE[number % len(PALETTE)]}"></i>{escape(one.legend)}</span>'
                   for number, one in enumerate(series))


def heat_map(buckets: list[Series], width: int, height: int, times: tuple[float, float], unit: str) -> str:
    """Cumulative buckets, whose legends are their upper bounds: the more in one, the brighter. Those above the highest
    that was ever used are left out."""
    bounds = sorted((one for one in buckets if one.legend != "+Inf"), key=lambda one: float(one.legend))
    counts = [dict(bounds[0].points)]
    for below, one in zip(bounds, bounds[1:]):
        before = dict(below.points)
        counts.append({time: max(value - before.get(time, 0), 0) for time, value in one.points})
    used = [number for number, row in enumerate(counts) if any(value > 0.01 for value in row.values())]
    rows = range(max(used[0] - 1, 0), used[-1] + 1) if used else range(0)
    most = max((value for row in counts for value in row.values()), default=1) or 1
    plot = Plot(width, height, times, max(len(rows), 1))
    for place, number in enumerate(rows):
        plot.marks.append(f'<text x="{AXIS_WIDTH - 6}" y="{plot.y(place + 1) + 5:.1f}" text-anchor="end">'
                          f'{numbers.text(float(bounds[number].legend), unit)}</text>')
        for time, value in counts[number].items():
            if value > 0.01:
                color = ORANGES[min(int((value / most) ** 0.5 * len(ORANGES)), len(ORANGES) - 1)]
                cell = (width - AXIS_WIDTH) / max(len(counts[number]), 1)
                plot.marks.append(f'<rect x="{plot.x(time) - cell:.1f}" y="{plot.y(place + 1):.1f}" '
                                  f'width="{cell:.1f}" height="{plot.y(place) - plot.y(place + 1) - 1:.1f}" '
                                  f'fill="{color}"/>')
    return plot.svg()
