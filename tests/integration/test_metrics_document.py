"""docs/metrics.md and a live scrape have the same metrics, of the same types, with the same labels."""

import re
import unittest
from pathlib import Path

from integration.server_process import ServerProcess
from oracle import golden

DOCUMENT = Path(__file__).parents[2] / "docs" / "metrics.md"
# | `name` | type | `label`, `label` | ...
ROW = re.compile(r"\| `([a-z_]+)` \| (\w+) \|([^|]*)\|")
SAMPLE = re.compile(r"([a-z_]+)(?:\{(.*)\})? \S+")
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count")}

Families = dict[str, tuple[str, frozenset[str]]]


def documented() -> Families:
    """Type and labels of every row, by name; no name comes twice."""
    rows = ROW.findall(DOCUMENT.read_text())
    families = {name: (type_, frozenset(re.findall(r"`(\w+)`", labels))) for name, type_, labels in rows}
    assert len(families) == len(rows)
    return families


def scraped(text: str) -> Families:
    """The same of a scrape. `le`, which every histogram has, is left out."""
    types = dict(re.findall(r"^# TYPE (\S+) (\w+)$", text, re.MULTILINE))
    owners = {name + suffix: name for name, type_ in types.items() for suffix in SUFFIXES.get(type_, ("",))}
    labels = {name: set() for name in types}
    for line in text.splitlines():
        if sample := SAMPLE.fullmatch(line):
            labels[owners[sample[1]]] |= set(re.findall(r'(\w+)="', sample[2] or ""))
    return {name: (type_, frozenset(labels[name] - {"le"})) for name, type_ in types.items()}


class MetricsDocumentTest(unittest.TestCase):
    """Both directions."""

    def test_the_document_and_a_scrape_agree(self) -> None:
        with ServerProcess(f"--model={golden.folder('tiny')}") as server:
            server.scrape()  # The endpoint counts scrapes once it has answered one.
            found = scraped(server.scrape())
        self.maxDiff = None
        self.assertGreater(len(found), 30)
        self.assertEqual(documented(), found)


if __name__ == "__main__":
    unittest.main()
