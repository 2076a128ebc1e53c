"""The soak, for seconds; and that what it compares tells right from wrong."""

import unittest

from soak.accounts import Scrape, differences
from soak.memory import MemoryTrend
from soak.run import soak
from soak.tally import Tally

SECONDS = 12


class SoakTest(unittest.TestCase):
    """The real server."""

    def test_every_call_is_answered_once_and_as_its_caller_deserves(self) -> None:
        result = soak(SECONDS, max_turns=10**6, report=lambda *_: None)
        self.assertEqual(result.faults, [])
        codes = {code for _, code in result.calls}
        self.assertEqual(codes, {"OK", "INVALID_ARGUMENT", "CANCELLED", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"})
        self.assertGreater(result.items["OK"], 0)
        self.assertGreater(result.items["INVALID_ARGUMENT"], 0)
        self.assertGreater(result.accepted, 0)


class AccountsTest(unittest.TestCase):
    """On scrapes made by hand."""

    def scrape(self, started: int, ok: int, computed: int) -> Scrape:
        return Scrape(f'grpc_server_started_total{{grpc_method="Embed"}} {started}\n'
                      f'grpc_server_handled_total{{grpc_code="OK",grpc_method="Embed"}} {ok}\n'
                      f'attnd_request_duration_seconds_count{{method="Embed"}} {computed}\n')

    def test_what_adds_up_is_accepted_and_what_does_not_is_named(self) -> None:
        tally = Tally()
        for _ in range(3):
            tally.add_call("Embed", "OK")
        before = self.scrape(10, 10, 10)
        self.assertEqual(differences(tally, before, self.scrape(13, 13, 13)), [])
        self.assertIn("Embed calls that arrived: 4", differences(tally, before, self.scrape(14, 13, 13))[0])
        self.assertIn("Embed calls answered: 2", differences(tally, before, self.scrape(13, 12, 13))[0])
        self.assertIn("accepted, refused or wrong: 4", differences(tally, before, self.scrape(13, 13, 14))[0])

    def test_a_call_given_up_may_have_ended_otherwise(self) -> None:
        tally = Tally()
        tally.add_call("Embed", "CANCELLED", given_up=True)
        for after in (self.scrape(0, 0, 0), self.scrape(1, 1, 1)):
            self.assertEqual(differences(tally, self.scrape(0, 0, 0), after), [])


class MemoryTrendTest(unittest.TestCase):
    """On numbers made by hand."""

    def growth(self, values: list[float]) -> float:
        trend = MemoryTrend()
        for value in values:
            trend.add(value)
        return trend.growth_bytes()

    def test_growth_is_that_of_the_second_half(self) -> None:
        self.assertAlmostEqual(self.growth([0.0] * 2 + [9.0] * 50), 0, delta=1e-6)
        self.assertGreater(self.growth([float(value) for value in range(50)]), 5)


if __name__ == "__main__":
    unittest.main()
