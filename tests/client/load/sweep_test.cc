#include "client/load/sweep.h"

#include <algorithm>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd::client {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;

// Of servers that answer `capacity` calls a second, in `latency_ms`.
LoadPoint Step(double offered, double capacity, double latency_ms = 1) {
  const auto due = static_cast<int64_t>(offered * 100);
  LoadPoint point = {.offered_per_second = offered,
                     .due_per_second = offered,
                     .elapsed_seconds = 100,
                     .sent = due,
                     .ok = std::min(due, static_cast<int64_t>(capacity * 100))};
  point.latency.percentiles.fill(latency_ms);
  return point;
}

// The rates of a whole sweep of such servers.
std::vector<double> RatesOf(Sweep& sweep, double capacity) {
  std::vector<double> rates;
  while (const auto rate = sweep.NextRate()) {
    rates.push_back(*rate);
    sweep.Add(Step(*rate, capacity));
  }
  return rates;
}

TEST(SweepTest, AStepIsTooMuchWhereGoodputNoLongerFollows) {
  EXPECT_THAT(WhyTooMuch(Step(100, 91), absl::InfiniteDuration()), IsEmpty());
  EXPECT_EQ(WhyTooMuch(Step(100, 89), absl::InfiniteDuration()), "at 100 calls/s goodput no longer follows the load");
  EXPECT_EQ(WhyTooMuch(Step(100, 0), absl::InfiniteDuration()), "no call succeeded");
}

TEST(SweepTest, AStepIsTooMuchWhereLatencyIsAboveTheLimit) {
  EXPECT_THAT(WhyTooMuch(Step(100, 100, /*latency_ms=*/50), absl::Milliseconds(50)), IsEmpty());
  EXPECT_THAT(WhyTooMuch(Step(100, 100, /*latency_ms=*/51), absl::Milliseconds(50)),
              HasSubstr("the 99th percentile of latency is above 50 ms"));
}

TEST(SweepTest, AStepIsTooMuchThatCannotBeOffered) {
  LoadPoint step = Step(70, 100);
  step.offered_per_second = 100;
  EXPECT_EQ(WhyTooMuch(step, absl::InfiniteDuration()), "at 100 calls/s attnd-load itself falls behind");
  step.sent = step.ok = 70;
  step.elapsed_seconds = 1;
  EXPECT_EQ(WhyTooMuch(step, absl::InfiniteDuration()), "") << "too few to tell it from chance";
}

TEST(SweepTest, RatesRiseToOneStepPastTheKneeAndThenComeNearer) {
  Sweep sweep({.first_per_second = 10, .factor = 2});
  const std::vector<double> rates = RatesOf(sweep, /*capacity=*/70);
  EXPECT_THAT(std::vector<double>(rates.begin(), rates.begin() + 5), ElementsAre(10, 20, 40, 80, 160));
  EXPECT_THAT(sweep.knee().offered_per_second, AllOf(Ge(70 / 1.25), Le(70 / 0.9)));
  EXPECT_THAT(sweep.knee().reason, HasSubstr("goodput no longer follows"));
  EXPECT_TRUE(std::ranges::is_sorted(sweep.points(), {}, &LoadPoint::offered_per_second));
}

TEST(SweepTest, RatesFallWhereTheFirstIsTooMuch) {
  Sweep sweep({.first_per_second = 1000, .factor = 2});
  const std::vector<double> rates = RatesOf(sweep, /*capacity=*/70);
  EXPECT_EQ(rates[1], 250);
  EXPECT_EQ(rates[2], 62.5);
  EXPECT_GE(sweep.knee().offered_per_second, 62.5);
}

TEST(SweepTest, ServersThatAnswerNothingEndIt) {
  Sweep sweep({.first_per_second = 1});
  RatesOf(sweep, /*capacity=*/0);
  EXPECT_EQ(sweep.knee().offered_per_second, 0);
}

TEST(SweepTest, StepsAreBounded) {
  Sweep sweep({.first_per_second = 1, .max_steps = 5});
  EXPECT_EQ(RatesOf(sweep, /*capacity=*/1e9).size(), 5);
  EXPECT_EQ(sweep.knee().reason, "not reached");
}

}  // namespace
}  // namespace attnd::client
