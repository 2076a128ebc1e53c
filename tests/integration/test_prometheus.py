"""A real Prometheus scrapes the server."""

import unittest

from attnd.v1 import inference_pb2 as pb
from integration.messages import ids_input
from integration.prometheus_process import PrometheusProcess
from integration.server_process import ServerProcess
from integration.waiting import wait_until
from oracle import golden


class PrometheusTest(unittest.TestCase):
    """Debian's Prometheus, on a port of its own choosing."""

    def test_scrapes_what_was_counted(self) -> None:
        with ServerProcess(f"--model={golden.folder('tiny')}") as server, \
             PrometheusProcess(server.metrics_address) as prometheus:
            wait_until(lambda: prometheus.value('up{job="attnd"}') == 1, "the server is scraped")
            server.stub.Embed(pb.EmbedRequest(inputs=[ids_input([1, 2, 3])]))
            for expression, expected in [
                ('sum(attnd_tokens_processed_total{method="Embed"})', 3),
                ('grpc_server_handled_total{grpc_method="Embed",grpc_code="OK"}', 1),
            ]:
                wait_until(lambda: prometheus.value(expression) == expected, f"{expression} is {expected}")


if __name__ == "__main__":
    unittest.main()
