"""./dev dashboard: the Grafana dashboard, drawn from what a server says of itself.

Debian has no Grafana, so the page is ours: it reads the dashboard's file, asks a real Prometheus the panels' queries, and
lays out what comes back as Grafana would. Without --metrics it looks at a server of its own, with traffic of every kind.
"""

import argparse
import contextlib
import sys
import time
from pathlib import Path

from integration.prometheus_process import SCRAPE_SECONDS, PrometheusProcess
from integration.server_process import ServerProcess
from integration.traffic import Traffic
from picture.page import Page, Window
from picture.screenshot import take_screenshot

RATE_SECONDS = 15
MAX_SECONDS = 6 * 3600


def seconds(text: str) -> int:
    """Enough for a rate, and not more than a page can show."""
    if not text.isdigit() or not 2 * RATE_SECONDS <= int(text) <= MAX_SECONDS:
        raise argparse.ArgumentTypeError(f"must be in [{2 * RATE_SECONDS}, {MAX_SECONDS}], not '{text}'")
    return int(text)


def arguments() -> argparse.Namespace:
    """Of the command line."""
    parser = argparse.ArgumentParser(prog="./dev dashboard", description="Draws the Grafana dashboard from real data.")
    parser.add_argument("--metrics", metavar="HOST:PORT",
                        help="of a running server; default: a server of its own, with traffic of every kind")
    parser.add_argument("--seconds", type=seconds, default=120, help="to look at it; default: 120")
    parser.add_argument("--html", type=Path, default=Path("build/dashboard.html"),
                        help="page to write; default: build/dashboard.html")
    parser.add_argument("--png", type=Path, help="picture of the page to write")
    parser.add_argument("--height", type=int, default=0, help="pixels of it; default: all")
    return parser.parse_args()


@contextlib.contextmanager
def loaded_server():
    """The metrics address of a server with a short queue and traffic of every kind."""
    with ServerProcess("--dtype=int8", "--max_queue_requests=32") as server:
        with Traffic(server.address, longest=64, burst=48, pause_seconds=0.05):
            yield server.metrics_address


def main() -> int:
    """Returns the exit code."""
    options = arguments()
    with contextlib.ExitStack() as stack:
        metrics = options.metrics or stack.enter_context(loaded_server())
        prometheus = stack.enter_context(PrometheusProcess(metrics))
        print(f"looking at {metrics} for {options.seconds} s", flush=True)
        time.sleep(options.seconds)
        end = time.time()
        window = Window(end - options.seconds + RATE_SECONDS, end, SCRAPE_SECONDS, f"{RATE_SECONDS}s")
        page = Page(prometheus, window)
        options.html.write_text(page.html("drawn by ./dev dashboard from the panels' queries, without Grafana"))
        print(options.html)
        if options.png:
            take_screenshot(options.html, options.png, page.width, options.height or page.height)
            print(options.png)
    return 0


if __name__ == "__main__":
    sys.exit(main())
