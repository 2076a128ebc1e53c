"""Thousands of calls that are given up: nothing of them stays, and the next one is answered."""

import unittest

from attnd.v1 import inference_pb2 as pb
from integration.messages import ids_input
from integration.metric_names import rpc_labels
from integration.sanitizer import KEEPS_FREED_MEMORY
from integration.server_process import ServerProcess
from integration.waiting import wait_until

ROUNDS = 20
CALLS_PER_ROUND = 500
# A leak of 64 KiB a call, less than one of its replies holds, would take ten times as much in the rounds compared.
TOLERATED_GROWTH_BYTES = 48 << 20


class CancelStormTest(unittest.TestCase):
    """Calls of the default model take long enough to be waiting, or computed, when they are cancelled."""

    def give_up_a_round_of_calls(self, server: ServerProcess) -> None:
        # Hidden states of all positions: replies of 200 KB.
        request = pb.ForwardRequest(
            inputs=[ids_input(list(range(64)))],
            hidden_states=[pb.HiddenStatesSelection(layer="ln_f", positions=pb.POSITIONS_ALL)])
        calls = [server.stub.Forward.future(request) for _ in range(CALLS_PER_ROUND)]
        for call in calls:
            call.cancel()

    def wait_until_nothing_is_left(self, server: ServerProcess) -> None:
        gauges = [f'attnd_{name}{{priority="normal"}}'
                  for name in ("queue_requests", "queue_tokens", "inflight_requests", "inflight_tokens")]
        started = "grpc_server_started_total" + rpc_labels("Forward")
        handled = "grpc_server_handling_seconds_count" + rpc_labels("Forward")
        wait_until(lambda: all(server.metric(gauge) == 0 for gauge in gauges)
                   and server.metric(started) == server.metric(handled), "every call has ended")

    def test_ten_thousand_cancelled_calls_leave_nothing_behind(self) -> None:
        with ServerProcess() as server:
            server.stub.Embed(pb.EmbedRequest(inputs=[ids_input([1])]))
            grown_from = 0.0
            for number in range(ROUNDS):
                self.give_up_a_round_of_calls(server)
                self.wait_until_nothing_is_left(server)
                if number == ROUNDS // 4:
                    grown_from = server.metric("process_resident_memory_bytes")
            growth = server.metric("process_resident_memory_bytes") - grown_from
            dropped = sum(server.metric(f'attnd_cancelled_total{{cause="client",method="Forward",stage="{stage}"}}')
                          for stage in ("queue", "compute"))
            print(f"{ROUNDS * CALLS_PER_ROUND} calls cancelled, {dropped:.0f} of them after they were accepted; "
                  f"memory grew by {growth / 2**20:.1f} MiB")
            self.assertGreater(dropped, 0)
            if not KEEPS_FREED_MEMORY:
                self.assertLess(growth, TOLERATED_GROWTH_BYTES)
            reply = server.stub.Embed(pb.EmbedRequest(inputs=[ids_input([1, 2, 3])]), timeout=30)
            self.assertEqual(list(reply.token_counts), [3])


if __name__ == "__main__":
    unittest.main()
