"""The server's metrics, as its HTTP endpoint gives them."""

import re
import urllib.request

# A sample of the text format: name, labels, value.
_SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_HTTP = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_TIMEOUT_S = 10


def http_get(url: str) -> str:
    with _HTTP.open(url, timeout=_TIMEOUT_S) as response:
        return response.read().decode()


class MetricsPage:
    """One scrape."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._samples = [
            (match[1], dict(_LABEL.findall(match[2] or "")), float(match[3]))
            for match in map(_SAMPLE.fullmatch, text.splitlines())
            if match
        ]

    @classmethod
    def fetch(cls, metrics_address: str) -> "MetricsPage":
        return cls(http_get(f"http://{metrics_address}/metrics"))

    def values(self, name: str, **labels: str) -> list[float]:
        """The values of all series of that name that have these labels, among others."""
        return [
            value
            for sample_name, sample_labels, value in self._samples
            if sample_name == name and labels.items() <= sample_labels.items()
        ]

    def total(self, name: str, **labels: str) -> float:
        """Their sum. KeyError when there is no such series."""
        values = self.values(name, **labels)
        if not values:
            raise KeyError(f"{name}{labels}")
        return sum(values)
