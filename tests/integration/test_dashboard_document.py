"""The dashboard's file, the provisioning around it, and the documents that name its panels."""

import itertools
import re
import unittest

import yaml

from integration import dashboard
from integration.prometheus_process import DEPLOY

ALERTS_DOCUMENT = DEPLOY.parent / "docs" / "alerts.md"
COLUMNS = 24
UNITS = {"short", "none", "s", "bytes", "percentunit", "reqps", "ops"}


def overlap(one: dict, other: dict) -> bool:
    """Whether two grid positions share a cell."""
    return (one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"]
            and one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"])


class DashboardDocumentTest(unittest.TestCase):
    """Without a Grafana or a server."""

    def setUp(self) -> None:
        self.board = dashboard.load()

    def test_panels_have_ids_of_their_own_and_do_not_overlap(self) -> None:
        panels = self.board["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        for panel in panels:
            self.assertLessEqual(panel["gridPos"]["x"] + panel["gridPos"]["w"], COLUMNS, panel["title"])
        for one, other in itertools.combinations(panels, 2):
            self.assertFalse(overlap(one["gridPos"], other["gridPos"]), f"{one['title']} and {other['title']}")

    def test_every_panel_says_what_it_shows_in_which_unit(self) -> None:
        for panel in dashboard.panels():
            with self.subTest(panel["title"]):
                self.assertGreater(len(panel["description"]), 10)
                options, defaults = panel["options"], panel["fieldConfig"]["defaults"]
                self.assertIn(options["yAxis"]["unit"] if panel["type"] == "heatmap" else defaults["unit"], UNITS)
                self.assertEqual(len({target["refId"] for target in panel["targets"]}), len(panel["targets"]))

    def test_every_query_goes_to_the_data_source_and_keeps_to_the_servers_chosen(self) -> None:
        for panel in dashboard.panels():
            for source in [panel, *panel["targets"]]:
                self.assertEqual(source["datasource"], {"type": "prometheus", "uid": "${datasource}"}, panel["title"])
            for target in panel["targets"]:
                self.assertIn('job=~"$job"', target["expr"], panel["title"])

    def test_grafana_finds_data_source_and_dashboard_where_compose_puts_them(self) -> None:
        services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
        mounts = dict(volume.split(":")[:2] for volume in services["grafana"]["volumes"])
        self.assertEqual(mounts["./grafana/provisioning"], "/etc/grafana/provisioning")
        provisioning = DEPLOY / "grafana" / "provisioning"
        [provider] = yaml.safe_load((provisioning / "dashboards" / "attnd.yml").read_text())["providers"]
        self.assertEqual(provider["options"]["path"], mounts["./grafana/dashboards"])
        [source] = yaml.safe_load((provisioning / "datasources" / "prometheus.yml").read_text())["datasources"]
        port = next(flag for flag in services["prometheus"]["command"] if "listen-address" in flag).rsplit(":", 1)[1]
        self.assertEqual(source["url"], f"http://prometheus:{port}")
        configuration = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
        self.assertEqual(source["jsonData"]["timeInterval"], configuration["global"]["scrape_interval"])

    def test_panels_that_the_alerts_document_names_exist(self) -> None:
        named = set(re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", ALERTS_DOCUMENT.read_text())) - {"in italics"}
        self.assertGreater(len(named), 10)
        self.assertLessEqual(named, {panel["title"] for panel in dashboard.panels()})


if __name__ == "__main__":
    unittest.main()
