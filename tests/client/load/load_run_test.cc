#include "client/load/load_run.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace attnd::client {
namespace {

using Done = absl::AnyInvocable<void(const Outcome&)>;

constexpr absl::Duration kLong = absl::Minutes(10);

const std::atomic<bool> kNeverStop = false;

// Succeeds at once.
void Succeed(Done done) { done({.status = absl::OkStatus(), .token_count = 3, .timing = {}}); }

TEST(LoadRunTest, AClosedLoopMakesExactlyTheCallsAskedFor) {
  LoadStatistics statistics;
  RunLoad({.loop = ClosedLoop{4}, .duration = kLong, .max_requests = 50}, Succeed, kNeverStop, statistics);
  EXPECT_EQ(statistics.counts().sent, 50);
  EXPECT_EQ(statistics.counts().ok, 50);
  EXPECT_EQ(statistics.counts().ok_tokens, 150);
}

TEST(LoadRunTest, AClosedLoopKeepsToItsConcurrency) {
  LoadStatistics statistics;
  std::vector<Done> waiting;
  int64_t most_in_flight = 0;
  // Answers only once three calls wait: a fourth in flight would show, two would wait for ever.
  const auto send = [&](Done done) {
    waiting.push_back(std::move(done));
    most_in_flight = std::max(most_in_flight, statistics.counts().in_flight());
    if (waiting.size() < 3) return;
    for (Done& each : std::exchange(waiting, {})) Succeed(std::move(each));
  };
  RunLoad({.loop = ClosedLoop{3}, .duration = kLong, .max_requests = 30}, send, kNeverStop, statistics);
  EXPECT_EQ(statistics.counts().ok, 30);
  EXPECT_EQ(most_in_flight, 3);
}

TEST(LoadRunTest, AnOpenLoopMakesExactlyTheCallsAskedFor) {
  LoadStatistics statistics;
  RunLoad({.loop = OpenLoop{.rate_per_s = 1e6}, .duration = kLong, .max_requests = 100}, Succeed, kNeverStop,
          statistics);
  EXPECT_EQ(statistics.counts().ok, 100);
  EXPECT_EQ(statistics.counts().not_sent, 0);
}

TEST(LoadRunTest, AnOpenLoopCountsCallsItCannotSend) {
  LoadStatistics statistics;
  std::vector<Done> waiting;
  std::thread answerer;
  const auto send = [&](Done done) {
    waiting.push_back(std::move(done));
    if (waiting.size() < 2) return;
    // The bound is reached: answers come once every other call has been due.
    answerer = std::thread([&] {
      while (statistics.counts().not_sent < 8) std::this_thread::yield();
      for (Done& each : waiting) Succeed(std::move(each));
    });
  };
  RunLoad({.loop = OpenLoop{.rate_per_s = 1e6, .max_in_flight = 2}, .duration = kLong, .max_requests = 10}, send,
          kNeverStop, statistics);
  answerer.join();
  EXPECT_EQ(statistics.counts().sent, 2);
  EXPECT_EQ(statistics.counts().not_sent, 8);
  EXPECT_EQ(statistics.counts().ok, 2);
}

TEST(LoadRunTest, AnOpenLoopChargesAStallToTheCallsDueMeanwhile) {
  LoadStatistics statistics;
  constexpr absl::Duration kStall = absl::Milliseconds(100);
  const auto send = [&](Done done) {
    if (statistics.counts().sent == 1) std::this_thread::sleep_for(absl::ToChronoMilliseconds(kStall));
    Succeed(std::move(done));
  };
  // Ten calls due within about a millisecond, the first of which blocks the sender.
  RunLoad({.loop = OpenLoop{.rate_per_s = 1e4}, .duration = kLong, .max_requests = 10}, send, kNeverStop, statistics);
  EXPECT_GT(statistics.result({}).latency.Percentile(10), kStall / 2);
}

// Answers all calls this long after the last.
class LateAnswers {
 public:
  static constexpr absl::Duration kLate = absl::Milliseconds(100);

  // Requires to be called once there are no more calls.
  ~LateAnswers() { thread_.join(); }

  void Send(Done done, bool last) {
    waiting_.push_back(std::move(done));
    if (!last) return;
    thread_ = std::thread([this] {
      std::this_thread::sleep_for(absl::ToChronoMilliseconds(kLate));
      for (Done& each : waiting_) Succeed(std::move(each));
    });
  }

 private:
  std::vector<Done> waiting_;
  std::thread thread_;
};

TEST(LoadRunTest, NoCallIsDueInTheWaitForTheLastAnswer) {
  LoadStatistics statistics;
  LateAnswers answers;
  const auto send = [&](Done done) { answers.Send(std::move(done), statistics.counts().sent == 10); };
  const LoadTimes times = RunLoad({.loop = OpenLoop{.rate_per_s = 1e5}, .duration = kLong, .max_requests = 10}, send,
                                  kNeverStop, statistics);
  EXPECT_GT(times.elapsed - times.calling, LateAnswers::kLate / 2);
}

TEST(LoadRunTest, NoCallIsDueOnceItIsStopped) {
  LoadStatistics statistics;
  LateAnswers answers;
  std::atomic<bool> stop = false;
  const auto send = [&](Done done) {
    stop = true;
    answers.Send(std::move(done), /*last=*/true);
  };
  const LoadTimes times = RunLoad({.loop = OpenLoop{.rate_per_s = 1e5}, .duration = kLong}, send, stop, statistics);
  EXPECT_GT(times.elapsed - times.calling, LateAnswers::kLate / 2);
}

TEST(LoadRunTest, AClosedLoopsLastCallTakesItsTime) {
  LoadStatistics statistics;
  LateAnswers answers;
  const auto send = [&](Done done) { answers.Send(std::move(done), /*last=*/true); };
  const LoadTimes times =
      RunLoad({.loop = ClosedLoop{1}, .duration = kLong, .max_requests = 1}, send, kNeverStop, statistics);
  EXPECT_GE(times.calling, LateAnswers::kLate);
}

TEST(LoadRunTest, TheDurationEndsIt) {
  LoadStatistics statistics;
  const LoadTimes times =
      RunLoad({.loop = ClosedLoop{1}, .duration = absl::Milliseconds(5)}, Succeed, kNeverStop, statistics);
  EXPECT_EQ(times.calling, absl::Milliseconds(5));
  EXPECT_GE(times.elapsed, absl::Milliseconds(5));
  EXPECT_GT(statistics.counts().ok, 0);
}

TEST(LoadRunTest, TheDurationEndsAnOpenLoopThatCannotKeepUp) {
  LoadStatistics statistics;
  const LoadTimes times = RunLoad({.loop = OpenLoop{.rate_per_s = 1e300}, .duration = absl::Milliseconds(5)}, Succeed,
                                  kNeverStop, statistics);
  EXPECT_EQ(times.calling, absl::Milliseconds(5));
  EXPECT_GE(times.elapsed, absl::Milliseconds(5));
  EXPECT_GT(statistics.counts().ok, 0);
}

TEST(LoadRunTest, StoppingEndsItAfterTheCallsInFlight) {
  LoadStatistics statistics;
  std::atomic<bool> stop = false;
  const auto send = [&](Done done) {
    stop = true;
    Succeed(std::move(done));
  };
  RunLoad({.loop = ClosedLoop{1}, .duration = kLong}, send, stop, statistics);
  EXPECT_EQ(statistics.counts().sent, 1);
  EXPECT_EQ(statistics.counts().completed, 1);
}

}  // namespace
}  // namespace attnd::client
