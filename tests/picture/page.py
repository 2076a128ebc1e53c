"""The dashboard as a page: its panels in its layout, each with what Prometheus answers to its queries."""

import math
import re
from dataclasses import dataclass
from html import escape

from integration import dashboard
from integration.prometheus_process import PrometheusProcess
from picture import charts, numbers
from picture.charts import Series

COLUMN, ROW, GAP, HEADER = 62, 30, 8, 44  # pixels; Grafana's rows are as high
COLORS = {"red": "#c4162a", "yellow": "#c8a000", "green": "#37872d", "blue": "#1f60c4"}
STYLE = f"""
body {{ margin: 0; background: #111217; color: #ccccdc; font: 13px "DejaVu Sans", sans-serif; position: relative; }}
header {{ height: 34px; padding: 10px 14px 0; font-size: 16px; }}
header small {{ color: {charts.TEXT}; margin-left: 12px; }}
.panel {{ position: absolute; box-sizing: border-box; background: #181b1f; border: 1px solid #24272d; padding: 6px 8px;
         overflow: hidden; }}
.row {{ position: absolute; font-weight: bold; padding: 6px 8px; }}
h2 {{ font-size: 13px; margin: 0 0 4px; font-weight: bold; white-space: nowrap; }}
svg text {{ font-size: 11px; }}
.legend {{ white-space: nowrap; font-size: 11px; overflow: hidden; color: {charts.TEXT}; }}
.legend span {{ margin-right: 12px; }}
.legend i {{ display: inline-block; width: 12px; height: 3px; margin-right: 5px; vertical-align: middle; }}
.stat {{ position: absolute; inset: 28px 6px 6px; display: flex; align-items: center; justify-content: space-evenly;
        font-size: 28px; font-weight: bold; color: white; text-align: center; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; padding: 4px 8px; border-bottom: 1px solid #24272d; white-space: nowrap; }}
th {{ color: #6e9fff; }}
.empty {{ color: {charts.TEXT}; text-align: center; margin-top: 40px; }}
"""


@dataclass
class Window:
    """What is asked for."""

    start: float  # seconds since 1970
    end: float
    step: float
    rate_interval: str


def legend_of(pattern: str, labels: dict[str, str]) -> str:
    """`{{label}}` replaced by its value."""
    if pattern == "__auto":
        return ", ".join(f"{name}={value}" for name, value in labels.items())
    return re.sub(r"\{\{(\w+)\}\}", lambda match: labels.get(match[1], ""), pattern)


class Page:
    """Asks `prometheus` about `window`."""

    def __init__(self, prometheus: PrometheusProcess, window: Window):
        self._prometheus = prometheus
        self._window = window
        self._board = dashboard.load()
        self.width = 24 * COLUMN + GAP
        rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in self._board["panels"])
        self.height = rows * (ROW + GAP) + HEADER

    def html(self, subtitle: str) -> str:
        """All of it, with the dashboard's title."""
        title = escape(self._board["title"])
        body = "".join(self._place(panel) for panel in self._board["panels"])
        return (f'<!DOCTYPE html><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
                f'<body style="width:{self.width}px;height:{self.height}px">'
                f"<header>{title}<small>{escape(subtitle)}</small></header>{body}</body>")

    def _place(self, panel: dict) -> str:
        at = panel["gridPos"]
        width, height = at["w"] * COLUMN - GAP, at["h"] * (ROW + GAP) - GAP
        place = f'left:{at["x"] * COLUMN + GAP}px;top:{at["y"] * (ROW + GAP) + HEADER}px;width:{width}px;height:{height}px'
        title = escape(panel["title"])
        if panel["type"] == "row":
            return f'<div class="row" style="{place}">{title}</div>'
        draw = {"stat": self._stat, "timeseries": self._time_series, "table": self._table, "heatmap": self._heat_map}
        content, style = draw[panel["type"]](panel, width - 18, height - 52)
        return f'<div class="panel" style="{place};{style}"><h2>{title}</h2>{content}</div>'

    def _series(self, panel: dict) -> list[Series]:
        """What its queries say over the window, numbers only."""
        found = []
        for target in panel["targets"]:
            expression = dashboard.expression(target["expr"], self._window.rate_interval)
            answer = self._prometheus.api("query_range", query=expression, start=self._window.start,
                                          end=self._window.end, step=self._window.step)
            for one in answer["result"]:
                points = [(time, float(value)) for time, value in one["values"] if math.isfinite(float(value))]
                if points:
                    found.append(Series(legend_of(target["legendFormat"], one["metric"]), points))
        return found

    def _time_series(self, panel: dict, width: int, height: int) -> tuple[str, str]:
        defaults = panel["fieldConfig"]["defaults"]
        series = self._series(panel)
        if not series:
            return '<div class="empty">No data</div>', ""
        limit = defaults["thresholds"]["steps"][-1]["value"] if "thresholds" in defaults else None
        stack = defaults["custom"]["stacking"]["mode"] == "normal"
        times = (self._window.start, self._window.end)
        chart = charts.time_series(series, width, height, times, defaults["unit"], stack, limit)
        return f'{chart}<div class="legend">{charts.legend(series)}</div>', ""

    def _heat_map(self, panel: dict, width: int, height: int) -> tuple[str, str]:
        times = (self._window.start, self._window.end)
        return charts.heat_map(self._series(panel), width, height + 18, times, panel["options"]["yAxis"]["unit"]), ""

    def _stat(self, panel: dict, width: int, height: int) -> tuple[str, str]:
        defaults = panel["fieldConfig"]["defaults"]
        series = self._series(panel)
        if not series:
            return f'<div class="stat">{escape(defaults.get("noValue", "No data"))}</div>', ""
        value = series[0].points[-1][1]
        steps = [step for step in defaults["thresholds"]["steps"] if step["value"] is None or value >= step["value"]]
        text = numbers.text(value, defaults["unit"], defaults.get("decimals"))
        return f'<div class="stat">{text}</div>', f'background:{COLORS[steps[-1]["color"]]}'

    def _table(self, panel: dict, width: int, height: int) -> tuple[str, str]:
        [target] = panel["targets"]
        [organize] = [step for step in panel["transformations"] if step["id"] == "organize"]
        names = organize["options"]["renameByName"]
        rows = self._prometheus.query(dashboard.expression(target["expr"], self._window.rate_interval))
        cells = "".join("<tr>" + "".join(f'<td>{escape(row["metric"].get(label, ""))}</td>' for label in names) + "</tr>"
                        for row in rows)
        head = "".join(f"<th>{escape(name)}</th>" for name in names.values())
        return f"<table><tr>{head}</tr>{cells}</table>", ""
