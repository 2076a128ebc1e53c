"""Starts Debian's Prometheus as deploy/compose.yaml does, on a free port and with servers of the caller's."""

import json
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import yaml

from integration.waiting import wait_until

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "rules"
SCRAPE_SECONDS = 1


class PrometheusProcess:
    """A context. Command line, configuration and rules are those of `deploy`; targets, interval, folders and port are
    not."""

    def __init__(self, *targets: str):
        self._targets = list(targets)

    def __enter__(self) -> "PrometheusProcess":
        self._folder = tempfile.TemporaryDirectory(prefix="attnd-prometheus-")
        folder = Path(self._folder.name)
        self._log = folder / "log.txt"
        self._configure(folder / "configuration")
        with self._log.open("w") as log:
            self._process = subprocess.Popen(self._command(folder), stdout=log, stderr=subprocess.STDOUT)
        wait_until(lambda: self._address() or self._process.poll() is not None, "Prometheus listens")
        if self._process.poll() is not None:
            raise RuntimeError(f"Prometheus ended; its log:\n{self.log()}")
        wait_until(self._is_ready, "Prometheus is ready")
        return self

    def __exit__(self, error_type, error, traceback) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)
        if error_type is not None:
            print(f"--- the log of Prometheus:\n{self.log()[-4000:]}")
        self._folder.cleanup()

    def _configure(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "rules").symlink_to(RULES)
        configuration = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
        for name in ("scrape_interval", "evaluation_interval"):
            assert name in configuration["global"]
            configuration["global"][name] = f"{SCRAPE_SECONDS}s"
        [job] = configuration["scrape_configs"]
        [targets] = job["static_configs"]
        targets["targets"] = self._targets
        (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration))

    def _command(self, folder: Path) -> list[str]:
        here = {"--config.file=/etc/prometheus/": f"--config.file={folder}/configuration/",
                "--storage.tsdb.path=/prometheus": f"--storage.tsdb.path={folder}/data",
                "--web.listen-address=0.0.0.0:9090": "--web.listen-address=127.0.0.1:0"}
        command = "\n".join(yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["prometheus"]["command"])
        for theirs, ours in here.items():
            assert theirs in command, f"deploy/compose.yaml does not start Prometheus with {theirs}"
            command = command.replace(theirs, ours)
        return ["prometheus", *command.splitlines()]

    def log(self) -> str:
        """What it wrote so far."""
        return self._log.read_text()

    def _address(self) -> str:
        lines = [line for line in self.log().splitlines() if "Listening on" in line and "address=" in line]
        return lines[0].split("address=", 1)[1].split()[0] if lines else ""

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self._address()}/-/ready", timeout=5) as response:
                return response.status == 200
        except urllib.error.URLError:
            return False

    def api(self, path: str, **parameters: object) -> dict | list:
        """`data` of an answer. ValueError: what Prometheus has against the question."""
        url = f"http://{self._address()}/api/v1/{path}?" + urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(url, timeout=30) as response:
                return json.load(response)["data"]
        except urllib.error.HTTPError as error:
            raise ValueError(f"{parameters}: {json.load(error)['error']}") from error

    def query(self, expression: str) -> list[dict]:
        """The series of an instant query, each with `metric`, its labels, and `value`."""
        return self.api("query", query=expression)["result"]

    def value(self, expression: str) -> float | None:
        """The value of the first series; nothing while there is none."""
        result = self.query(expression)
        return float(result[0]["value"][1]) if result else None

    def rules(self) -> list[dict]:
        """Every rule with its `name`, `query`, `health` and `lastError`."""
        return [rule for group in self.api("rules")["groups"] for rule in group["rules"]]

    def known_metrics(self) -> set[str]:
        """Names of all metrics that the targets announce, with or without series."""
        return {metric["metric"] for metric in self.api("targets/metadata")}
