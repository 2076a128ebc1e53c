"""Every alert says what it is, has its section in docs/alerts.md, and a test in which it fires."""

import re
import unittest
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parents[2]
ALERTS = REPOSITORY / "deploy" / "prometheus" / "rules" / "alerts.yml"
DOCUMENT = REPOSITORY / "docs" / "alerts.md"
TESTS = REPOSITORY / "tests" / "deploy" / "prometheus" / "alerts_test.yml"


def alerts() -> list[dict]:
    """Every rule of the file."""
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


class AlertsDocumentTest(unittest.TestCase):
    """Both directions."""

    def test_every_alert_has_its_section_and_every_section_its_alert(self) -> None:
        # A section begins with the severity, as Alertmanager gets it.
        sections = re.findall(r"^## (\w+)\n\n\*\*(\w+)\*\* · ", DOCUMENT.read_text(), re.MULTILINE)
        self.assertEqual(sections, [(rule["alert"], rule["labels"]["severity"]) for rule in alerts()])

    def test_every_alert_says_what_it_is_and_where_to_read_on(self) -> None:
        for rule in alerts():
            with self.subTest(rule["alert"]):
                self.assertEqual(set(rule["annotations"]), {"summary", "description", "runbook"})
                self.assertEqual(rule["annotations"]["runbook"], f"docs/alerts.md#{rule['alert'].lower()}")

    def test_every_alert_fires_in_a_test(self) -> None:
        tested = set(re.findall(r'alertname="(\w+)"', TESTS.read_text()))
        self.assertEqual(tested, {rule["alert"] for rule in alerts()})


if __name__ == "__main__":
    unittest.main()
