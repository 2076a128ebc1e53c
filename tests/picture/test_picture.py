"""The page that ./dev dashboard draws, in a real browser."""

import re
import struct
import tempfile
import time
import unittest
from html import escape
from pathlib import Path

from integration import dashboard
from integration.prometheus_process import SCRAPE_SECONDS, PrometheusProcess
from integration.promql import says_something
from integration.server_process import ServerProcess
from integration.traffic import Traffic
from integration.waiting import wait_until
from oracle import golden
from picture.page import Page, Window
from picture.screenshot import take_screenshot

# Have something to show only where a cgroup limits the CPU time, and while an alert is pending or fires.
MAY_BE_EMPTY = {"Throttling", "Alerts"}


class PictureTest(unittest.TestCase):
    """Of a server with traffic of every kind."""

    @classmethod
    def setUpClass(cls) -> None:
        server = cls.enterClassContext(ServerProcess(f"--model={golden.folder('tiny')}", "--max_queue_requests=4"))
        cls.enterClassContext(Traffic(server.address))
        prometheus = cls.enterClassContext(PrometheusProcess(server.metrics_address))
        for title, expression in dashboard.expressions("5s"):
            if title not in MAY_BE_EMPTY and "cgroup" not in expression and "tls" not in expression:
                wait_until(lambda: says_something(prometheus.query(expression)), title)
        now = time.time()
        cls.page = Page(prometheus, Window(now - 10, now, SCRAPE_SECONDS, "5s"))
        cls.html = cls.page.html("drawn by a test")

    def test_the_page_has_every_panel_and_each_shows_something(self) -> None:
        shown = dict(re.findall(r'<div class="panel"[^>]*><h2>([^<]*)</h2>(.*?)(?=<div class="panel"|<div class="row"|</body>)',
                                self.html, re.DOTALL))
        self.assertEqual(set(shown), {escape(panel["title"]) for panel in dashboard.panels()})
        empty = {title for title, content in shown.items() if "No data" in content}
        self.assertLessEqual(empty, MAY_BE_EMPTY)

    def test_a_browser_makes_a_picture_of_it(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            page, picture = Path(folder) / "page.html", Path(folder) / "page.png"
            page.write_text(self.html)
            take_screenshot(page, picture, self.page.width, self.page.height)
            header = picture.read_bytes()[:24]
            self.assertEqual(struct.unpack(">II", header[16:24]), (self.page.width, self.page.height))
            # A page without anything on it takes a tenth of this.
            self.assertGreater(picture.stat().st_size, 100_000)


if __name__ == "__main__":
    unittest.main()
