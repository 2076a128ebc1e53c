"""Rules, alerts and dashboard against a live server, by Debian's Prometheus."""

import itertools
import tempfile
import unittest
from pathlib import Path

from docs import code_blocks
from integration import dashboard
from integration.certificates import Authority
from integration.compose import server_flags
from integration.prometheus_process import PrometheusProcess
from integration.promql import says_something, selectors
from integration.server_process import ServerProcess
from integration.traffic import Traffic
from integration.waiting import wait_until
from oracle import golden

METRICS_DOCUMENT = Path(__file__).parents[2] / "docs" / "metrics.md"
MODEL = f"--model={golden.folder('tiny')}"
RATE_INTERVAL = "10s"
# Has series only where a cgroup limits the CPU time; the server announces it all the same.
ONLY_IN_CGROUPS = "attnd_cgroup_cpu_"
# Panels that have nothing to show outside of such a cgroup.
MAY_BE_EMPTY = {"Throttling", "CPU"}


class LiveRulesTest(unittest.TestCase):
    """The server of deploy/compose.yaml with a short queue and traffic of every kind, and one with a certificate that
    expires within a day and no traffic."""

    @classmethod
    def setUpClass(cls) -> None:
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        certificate, key = Authority(folder, "servers").issue("server", 1)
        loaded = cls.enterClassContext(ServerProcess(*server_flags(str(golden.folder("tiny"))), "--max_queue_requests=4"))
        idle = cls.enterClassContext(ServerProcess(MODEL, f"--tls_cert={certificate}", f"--tls_key={key}"))
        cls.enterClassContext(Traffic(loaded.address))
        cls.prometheus = cls.enterClassContext(PrometheusProcess(loaded.metrics_address, idle.metrics_address))

    def wait_for(self, expression: str, whose: str) -> None:
        wait_until(lambda: says_something(self.prometheus.query(expression)), f"{whose} says something: {expression}")

    def check_that_series_exist(self, expression: str, whose: str) -> None:
        """Every selector finds series, or a metric that has none here."""
        for name, selector in selectors(expression):
            if name.startswith(ONLY_IN_CGROUPS) and not self.prometheus.query(selector):
                wait_until(lambda name=name: name in self.prometheus.known_metrics(), f"{whose} asks for {name}")
            elif not name.startswith("instance:attnd_cgroup"):
                self.wait_for(selector, whose)

    def test_every_rule_is_evaluated_and_names_series_that_exist(self) -> None:
        rules = self.prometheus.rules()
        self.assertGreater(len(rules), 30)
        for rule in rules:
            with self.subTest(rule["name"]):
                self.check_that_series_exist(rule["query"], rule["name"])
                if rule["type"] == "recording" and "cgroup" not in rule["name"]:
                    self.wait_for(rule["name"], rule["name"])

        def unhealthy() -> list[dict]:
            return [rule for rule in self.prometheus.rules() if rule["health"] != "ok"]

        wait_until(lambda: not unhealthy(), "every rule is evaluated")

    def test_every_panel_shows_something(self) -> None:
        for panel, expression in dashboard.expressions(RATE_INTERVAL):
            with self.subTest(panel):
                self.check_that_series_exist(expression, panel)
                if panel not in MAY_BE_EMPTY or ONLY_IN_CGROUPS.removesuffix("cpu_") not in expression:
                    self.wait_for(expression, panel)

    def test_every_query_of_the_metrics_document_says_something(self) -> None:
        blocks = [block for block in code_blocks.read(METRICS_DOCUMENT) if block.language == "promql"]
        self.assertGreater(len(blocks), 3)
        for block in blocks:
            with self.subTest(line=block.line):
                # Traffic has not yet lasted the five minutes of the document.
                expression = block.text.replace("[5m]", f"[{RATE_INTERVAL}]")
                self.check_that_series_exist(expression, "docs/metrics.md")
                if ONLY_IN_CGROUPS not in expression:
                    self.wait_for(expression, "docs/metrics.md")

    def test_every_variable_and_annotation_asks_for_series_that_exist(self) -> None:
        board = dashboard.load()
        annotations = [entry["expr"] for entry in board["annotations"]["list"] if "expr" in entry]
        asked = [entry["query"]["query"] for entry in board["templating"]["list"] if entry["type"] == "query"]
        names = [name.removeprefix("label_values(").rsplit(",", 1)[0] for name in asked]
        self.assertTrue(annotations and names)
        for text in itertools.chain(annotations, names):
            self.check_that_series_exist(dashboard.expression(text, RATE_INTERVAL), text)

    def test_a_certificate_that_expires_within_a_day_wakes_somebody(self) -> None:
        self.wait_for('ALERTS{alertname="AttndCertificateExpiresNow", alertstate="firing", severity="page"}', "alert")


class CannotBeScrapedTest(unittest.TestCase):
    """A server that has gone."""

    def test_an_alert_is_pending_at_once(self) -> None:
        with ServerProcess(MODEL) as server:
            address = server.metrics_address
        with PrometheusProcess(address) as prometheus:
            pending = 'ALERTS{alertname="AttndDown", alertstate="pending"}'
            wait_until(lambda: says_something(prometheus.query(pending)), "AttndDown is pending")


if __name__ == "__main__":
    unittest.main()
