"""Reads deploy/grafana/dashboards/attnd.json."""

import json
from collections.abc import Iterator

from integration.prometheus_process import DEPLOY

PATH = DEPLOY / "grafana" / "dashboards" / "attnd.json"


def load() -> dict:
    """The file."""
    return json.loads(PATH.read_text())


def panels() -> list[dict]:
    """All that shows something, rows left out."""
    return [panel for panel in load()["panels"] if panel["type"] != "row"]


def expression(text: str, rate_interval: str) -> str:
    """As Grafana sends it, for all instances of the job attnd."""
    for variable, value in {"job": "attnd", "instance": ".*", "__rate_interval": rate_interval}.items():
        text = text.replace(f"${variable}", value)
    assert "$" not in text, f"an unknown variable: {text}"
    return text


def expressions(rate_interval: str) -> Iterator[tuple[str, str]]:
    """Every query of every panel, and the panel's title."""
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], expression(target["expr"], rate_interval)
