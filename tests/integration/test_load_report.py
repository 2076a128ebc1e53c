"""The pages that attnd-load writes, of real loads on a real server, in a real browser."""

import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import numpy as np

from integration.browser import Browser
from integration.server_process import ServerProcess
from oracle import golden

WIDE, NARROW = 1280, 480
HEIGHT = 2400
# Of the first series, in style sheets for light and for dark.
FIRST_COLOURS = {False: (0x1F, 0x5F, 0xBF), True: (0x6A, 0xA8, 0xFF)}
GROUNDS = {False: (0xFF, 0xFF, 0xFF), True: (0x12, 0x16, 0x1C)}
# Pixels that a line across a chart has at least.
LEAST_MARKS = 100

# Put into a copy of a page: what is drawn where, and every text that does not fit.
SCRIPT = """
<script>
const wrong = [];
const name = e => e.tagName + ' "' + e.textContent.trim().slice(0, 60) + '"';
for (const e of document.querySelectorAll('body, body *:not(svg):not(svg *)')) {
  const scrolls = getComputedStyle(e).overflowX === 'auto' || getComputedStyle(e).display === 'inline';
  if (!scrolls && e.scrollWidth > e.clientWidth + 1) wrong.push('too wide: ' + name(e));
}
const outside = (a, b) => a.left < b.left - 1 || a.right > b.right + 1 || a.top < b.top - 1 || a.bottom > b.bottom + 1;
const meet = (a, b) => a.left < b.right && b.left < a.right && a.top + 2 < b.bottom && b.top + 2 < a.bottom;
const charts = [];
for (const svg of document.querySelectorAll('svg')) {
  const box = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll('text')].map(e => [e, e.getBoundingClientRect()]);
  for (const [e, r] of texts) if (outside(r, box)) wrong.push('outside: ' + name(e));
  texts.forEach(([a, r], i) => texts.slice(i + 1).forEach(([b, s]) => {
    if (meet(r, s)) wrong.push('on top of each other: ' + name(a) + ' and ' + name(b));
  }));
  charts.push({title: svg.parentElement.querySelector('figcaption').textContent, left: box.left, top: box.top,
    right: box.right, bottom: box.bottom,
    points: [...svg.querySelectorAll('polyline')].map(e => e.points.numberOfItems)});
}
const result = document.createElement('script');
result.type = 'application/json';
result.id = 'result';
result.textContent = JSON.stringify({wrong, charts});
document.body.append(result);
</script>
"""


class LoadReportTest(unittest.TestCase):
    """A sweep, a plain load, and a comparison of two sweeps."""

    @classmethod
    def setUpClass(cls) -> None:
        try:
            cls.browser = Browser()
        except (FileNotFoundError, RuntimeError, subprocess.TimeoutExpired) as error:
            raise unittest.SkipTest(f"no browser: {error}") from error
        kept = os.environ.get("ATTND_REPORT_FOLDER")
        folder = kept or cls.enterClassContext(tempfile.TemporaryDirectory(prefix="attnd-report-"))
        cls.folder = Path(folder)
        with ServerProcess(f"--model={golden.folder('tiny')}") as server:
            for run in ("before", "after"):
                cls.load(server, run, "--sweep", "--rate_per_s=40", "--sweep_factor=4", "--duration_s=0.6")
            cls.load(server, "plain", "--concurrency=4", "--duration_s=1.5")
        for name, other in (("comparison", "after"), ("same", "before")):
            cls.attnd_load("compare", f"{folder}/before.json", f"{folder}/{other}.json", f"--html={folder}/{name}.html")

    @classmethod
    def load(cls, server: ServerProcess, name: str, *flags: str) -> None:
        cls.attnd_load(*flags, f"--server={server.address}", "--length=uniform:1:64",
                       f"--metrics_url=http://{server.metrics_address}", "--metrics_interval_ms=200",
                       f"--json={cls.folder}/{name}.json", f"--html={cls.folder}/{name}.html")

    @staticmethod
    def attnd_load(*arguments: str) -> None:
        subprocess.run([os.environ["ATTND_LOAD"], *arguments], check=True, capture_output=True, timeout=120)

    def measure(self, page: Path, width: int) -> dict:
        """Where the charts of a page are, after a look at every text on it."""
        html = page.read_text()
        self.assertNotIn("<script", html)
        copy = page.with_suffix(".measured.html")
        copy.write_text(html.replace("</body>", SCRIPT + "</body>"))
        dom = self.browser.dom(copy, width)
        result = json.loads(re.search(r'<script type="application/json" id="result">(.*?)</script>', dom).group(1))
        self.assertEqual(result["wrong"], [], f"{page.name}, {width} pixels wide")
        return result

    def check(self, name: str, titles: list[str]) -> None:
        page = self.folder / f"{name}.html"
        self.measure(page, NARROW)
        charts = self.measure(page, WIDE)["charts"]
        for title, chart in zip(titles, charts, strict=True):
            self.assertTrue(chart["title"].startswith(title), chart["title"])
            self.assertGreaterEqual(max(chart["points"]), 2, f"{name}: {title} shows nothing")
        for dark in (False, True):
            picture = self.folder / f"{name}-{'dark' if dark else 'light'}.png"
            pixels = self.browser.screenshot(page, picture, WIDE, HEIGHT, dark)
            self.assertEqual(tuple(pixels[2, 2]), GROUNDS[dark])
            for chart in charts:
                left, top, right, bottom = (int(chart[side]) for side in ("left", "top", "right", "bottom"))
                part = pixels[top:bottom, left:right].astype(int)
                marks = (np.abs(part - FIRST_COLOURS[dark]).max(axis=2) < 16).sum()
                self.assertGreater(marks, LEAST_MARKS, f"{picture.name}: {chart['title']}")

    LOAD = ["Throughput against offered load", "Latency against offered load"]
    ALWAYS = ["Latency by percentile", "Tokens in a batch", "Calls in a batch", "Delay in the queue"]

    def test_the_page_of_a_sweep_shows_all_it_measured(self) -> None:
        self.check("before", self.LOAD + self.ALWAYS)

    def test_the_page_of_a_plain_load_shows_all_it_measured(self) -> None:
        self.check("plain", self.ALWAYS)

    def test_the_page_of_a_comparison_shows_both(self) -> None:
        self.check("comparison", self.LOAD + self.ALWAYS)

    def test_the_first_of_two_equal_runs_is_seen_under_the_second(self) -> None:
        self.check("same", self.LOAD + self.ALWAYS)


if __name__ == "__main__":
    unittest.main()
