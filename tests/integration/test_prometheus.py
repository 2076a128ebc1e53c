"""A real Prometheus scrapes the server."""

import json
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from attnd.v1 import inference_pb2 as pb
from integration.messages import ids_input
from integration.server_process import ServerProcess
from oracle import golden

TIMEOUT_SECONDS = 60
POLL_SECONDS = 0.2
CONFIG = """
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: attnd
    static_configs: [{{targets: ["{target}"]}}]
"""


class PrometheusTest(unittest.TestCase):
    """Debian's Prometheus, on a port of its own choosing."""

    def query(self, log: Path, expression: str) -> float | None:
        """The one value of a PromQL expression; nothing while Prometheus has none."""
        addresses = [line.split("address=", 1)[1].split()[0] for line in log.read_text().splitlines()
                     if "Listening on" in line and "address=" in line]
        if not addresses:
            return None
        url = f"http://{addresses[0]}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                result = json.load(response)["data"]["result"]
        except urllib.error.URLError:
            return None
        return float(result[0]["value"][1]) if result else None

    def wait_for(self, log: Path, expression: str, expected: float) -> None:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while (value := self.query(log, expression)) != expected:
            self.assertLess(time.monotonic(), deadline, f"{expression} = {value}, expected {expected}\n{log.read_text()}")
            time.sleep(POLL_SECONDS)

    def test_scrapes_what_was_counted(self) -> None:
        with tempfile.TemporaryDirectory() as temporary, ServerProcess(f"--model={golden.folder('tiny')}") as server:
            folder = Path(temporary)
            (folder / "prometheus.yml").write_text(CONFIG.format(target=server.metrics_address))
            log = folder / "log.txt"
            command = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                       "--web.listen-address=127.0.0.1:0"]
            with log.open("w") as log_file:
                prometheus = subprocess.Popen(command, stdout=log_file, stderr=subprocess.STDOUT)
            try:
                self.wait_for(log, 'up{job="attnd"}', 1)
                server.stub.Embed(pb.EmbedRequest(inputs=[ids_input([1, 2, 3])]))
                self.wait_for(log, 'sum(attnd_tokens_processed_total{method="Embed"})', 3)
                self.wait_for(log, 'grpc_server_handled_total{grpc_method="Embed",grpc_code="OK"}', 1)
            finally:
                prometheus.terminate()
                prometheus.wait(timeout=30)


if __name__ == "__main__":
    unittest.main()
