#include "client/load/sweep.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
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
  point.ok_in_time = point.ok;
  point.latency.percentiles.fill(latency_ms);
  return point;
}

constexpr absl::Duration kStep = absl::Seconds(10);
constexpr double kCallsPerSecond = 100;

// When calls of a step at kCallsPerSecond are due, evenly.
std::vector<absl::Duration> DueTimes() {
  std::vector<absl::Duration> times;
  for (int i = 0; i < absl::ToDoubleSeconds(kStep) * kCallsPerSecond; ++i) {
    times.push_back(i * absl::Seconds(1 / kCallsPerSecond));
  }
  return times;
}

// What a step measures, whose calls are answered as `answer` tells: the time and the status of that due at a time.
template <typename Answer>
LoadPoint Measure(Answer answer) {
  LoadStatistics statistics;
  absl::Duration last = kStep;
  for (const absl::Duration due : DueTimes()) {
    const auto& [completed, status] = answer(due);
    statistics.CountSent();
    statistics.CountCompleted({.status = status, .token_count = 1, .timing = {}}, due, completed);
    last = std::max(last, completed);
  }
  return MakeLoadPoint(statistics.result({.calling = kStep, .elapsed = last}), kCallsPerSecond);
}

// One server that answers `capacity` calls a second, each as soon as those before it.
LoadPoint MeasureQueue(double capacity) {
  absl::Duration free_at;
  return Measure([&](absl::Duration due) {
    free_at = std::max(free_at, due) + absl::Seconds(1 / capacity);
    return std::pair(free_at, absl::OkStatus());
  });
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

TEST(SweepTest, SlowCallsAreNotTooMuchWhereAllAreAnswered) {
  for (const absl::Duration latency : {absl::Milliseconds(1), absl::Seconds(2), kStep, 6 * kStep}) {
    const LoadPoint step = Measure([&](absl::Duration due) { return std::pair(due + latency, absl::OkStatus()); });
    EXPECT_THAT(WhyTooMuch(step, absl::InfiniteDuration()), IsEmpty()) << latency;
  }
}

TEST(SweepTest, OneCallThatTimesOutIsNotTooMuch) {
  const absl::Duration last = DueTimes().back();
  const LoadPoint step = Measure([&](absl::Duration due) {
    return due == last ? std::pair(due + kStep, absl::DeadlineExceededError("late"))
                       : std::pair(due + absl::Milliseconds(1), absl::OkStatus());
  });
  EXPECT_THAT(WhyTooMuch(step, absl::InfiniteDuration()), IsEmpty());
}

TEST(SweepTest, ABacklogThatGrowsIsTooMuchThoughAllAreAnsweredInTheEnd) {
  EXPECT_THAT(WhyTooMuch(MeasureQueue(kCallsPerSecond), absl::InfiniteDuration()), IsEmpty());
  for (const double load : {1.2, 1.5, 3.0, 20.0}) {
    const LoadPoint step = MeasureQueue(kCallsPerSecond / load);
    EXPECT_EQ(step.ok, step.sent);
    EXPECT_THAT(WhyTooMuch(step, absl::InfiniteDuration()), HasSubstr("goodput no longer follows")) << load;
  }
}

TEST(SweepTest, AStepWithoutCallsTellsNothing) {
  const LoadPoint nothing = {.offered_per_second = 0.01, .elapsed_seconds = 10};
  EXPECT_THAT(WhyTooMuch(nothing, absl::InfiniteDuration()), IsEmpty());
  Sweep sweep({.first_per_second = 0.01});
  sweep.Add(nothing);
  EXPECT_GT(sweep.NextRate(), 0.01);
  sweep.Add(Step(1, 0));
  EXPECT_EQ(sweep.knee().offered_per_second, 0) << "no step showed that the servers keep up";
  EXPECT_EQ(sweep.knee().reason, "no call succeeded");
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
  step.sent = step.ok = step.ok_in_time = 70;
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
