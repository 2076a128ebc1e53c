"""What a scrape finds: all series from the start, and exact counts after known calls."""

import re
import subprocess
import unittest

import grpc

from attnd.v1 import inference_pb2 as pb
from integration.messages import forward_request, ids_input
from integration.metric_names import rpc_labels
from integration.server_process import ServerProcess
from oracle import golden

CODES = ["OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists",
         "PermissionDenied", "ResourceExhausted", "FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented",
         "Internal", "Unavailable", "DataLoss", "Unauthenticated"]


def expected_at_zero() -> list[str]:
    """Every series that counts."""
    series = [f'attnd_{name}{{priority="{priority}"}}'
              for name in ("queue_requests", "queue_tokens", "inflight_requests", "inflight_tokens")
              for priority in ("critical", "high", "normal", "low")]
    series += ["attnd_estimated_queue_delay_seconds", 'attnd_worker_busy_seconds_total{worker="0"}',
               'attnd_wasted_tokens_total{cause="client"}', 'attnd_wasted_tokens_total{cause="deadline"}',
               "attnd_batch_requests_count", "attnd_batch_tokens_count", "attnd_input_tokens_count"]
    for method in ("Forward", "Embed", "GetModel"):
        series.append("grpc_server_started_total" + rpc_labels(method))
        series.append("grpc_server_handling_seconds_count" + rpc_labels(method))
        series += ["grpc_server_handled_total" + rpc_labels(method, grpc_code=code) for code in CODES]
    series += [f'attnd_model_reloads_total{{outcome="{outcome}"}}' for outcome in ("done", "failed", "refused")]
    for reason in ("worker_idle", "token_budget", "max_requests", "delay", "other_model", "drain"):
        series.append(f'attnd_batches_total{{close_reason="{reason}"}}')
    for method in ("Forward", "Embed"):
        for stage in ("decode", "request_duration", "queue_wait", "compute", "serialize"):
            series.append(f'attnd_{stage}_seconds_count{{method="{method}"}}')
        for kind in ("real", "padding"):
            series.append(f'attnd_tokens_processed_total{{kind="{kind}",method="{method}"}}')
        for reason in ("queue_requests", "queue_tokens", "reply_bytes", "deadline_infeasible", "draining", "not_ready"):
            series.append(f'attnd_rejected_total{{method="{method}",reason="{reason}"}}')
        for cause in ("client", "deadline"):
            for stage in ("queue", "compute", "stream"):
                series.append(f'attnd_cancelled_total{{cause="{cause}",method="{method}",stage="{stage}"}}')
    return series


class MetricsTest(unittest.TestCase):
    """A fresh server a test."""

    def test_every_series_is_there_at_zero_from_the_start(self) -> None:
        with ServerProcess(f"--model={golden.folder('tiny')}") as server:
            values = dict(line.rsplit(" ", 1) for line in server.scrape().splitlines() if not line.startswith("#"))
            for series in expected_at_zero():
                self.assertEqual(float(values.get(series, "nan")), 0, series)
            self.assertEqual(float(values["attnd_ready"]), 1)
            self.assertGreater(float(values["attnd_model_load_seconds"]), 0)
            self.assertGreater(float(values["attnd_warmup_seconds"]), 0)
            self.assertGreater(float(values["process_resident_memory_bytes"]), 1e6)
            self.assertGreater(float(values["process_cpu_seconds_total"]), 0)
            info = [name for name in values if name.startswith("attnd_model_info")]
            self.assertEqual(len(info), 1)
            for label in ("model", "version", "sha256", "dtype", "isa", "onednn", "layers", "d_model"):
                self.assertRegex(info[0], rf'[{{,]{label}="[^"]+"')
            self.assertTrue(any(re.match(r'attnd_build_info\{.*version="\d', name) for name in values))

    def test_counts_are_exact_after_known_calls(self) -> None:
        with ServerProcess(f"--model={golden.folder('tiny')}", "--max_batch_tokens=64") as server:
            three = ids_input([1, 2, 3])
            full = ids_input([0] * 64)
            server.stub.Forward(forward_request([three, three], ["ln_f"]))
            server.stub.Embed(pb.EmbedRequest(inputs=[three, full]))
            with self.assertRaises(grpc.RpcError):
                server.stub.Embed(pb.EmbedRequest())
            server.stub.GetModel(pb.GetModelRequest())
            expected = {
                "grpc_server_started_total" + rpc_labels("Embed"): 2,
                "grpc_server_handled_total" + rpc_labels("Forward", grpc_code="OK"): 1,
                "grpc_server_handled_total" + rpc_labels("Embed", grpc_code="OK"): 1,
                "grpc_server_handled_total" + rpc_labels("Embed", grpc_code="InvalidArgument"): 1,
                "grpc_server_handled_total" + rpc_labels("GetModel", grpc_code="OK"): 1,
                "grpc_server_handling_seconds_count" + rpc_labels("Embed"): 2,
                'attnd_request_duration_seconds_count{method="Embed"}': 1,
                'attnd_compute_seconds_count{method="Forward"}': 1,
                'attnd_tokens_processed_total{kind="real",method="Forward"}': 6,
                'attnd_tokens_processed_total{kind="real",method="Embed"}': 67,
                # 3 + 64 tokens do not fit into one batch of 64.
                'attnd_batches_total{close_reason="worker_idle"}': 2,
                'attnd_batches_total{close_reason="token_budget"}': 1,
                "attnd_batch_tokens_sum": 73,
                "attnd_batch_requests_sum": 3,
                "attnd_input_tokens_count": 4,
                'attnd_input_tokens_bucket{le="4"}': 3,
                'attnd_queue_requests{priority="normal"}': 0,
                'attnd_inflight_tokens{priority="normal"}': 0,
            }
            for series, value in expected.items():
                self.assertEqual(server.metric(series), value, series)

    def test_promtool_finds_nothing_to_object_to(self) -> None:
        with ServerProcess(f"--model={golden.folder('tiny')}") as server:
            # exposer_* are prometheus-cpp's own.
            ours = "".join(line + "\n" for line in server.scrape().splitlines() if "exposer_" not in line)
            result = subprocess.run(["promtool", "check", "metrics"], input=ours, text=True, capture_output=True,
                                    check=False)
            self.assertEqual((result.returncode, result.stdout + result.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
