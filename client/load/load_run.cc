#include "client/load/load_run.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/time/clock.h"
#include "client/load/arrivals.h"

namespace attnd::client {
namespace {

// A wait is cut into pieces of this length to notice that the load is to stop.
constexpr absl::Duration kLongestWait = absl::Milliseconds(50);

class Run {
 public:
  Run(const LoadPlan& plan, SendCall send, const std::atomic<bool>& stop, LoadStatistics& statistics)
      : plan_(plan), send_(std::move(send)), stop_(stop), statistics_(statistics) {}

  LoadTimes Execute() {
    std::visit([this](const auto& loop) { MakeCalls(loop); }, plan_.loop);
    const absl::Duration calling = std::min(Elapsed(), plan_.duration);
    while (!statistics_.WaitUntilInFlightBelow(1, kLongestWait)) {
    }
    return {.calling = calling, .elapsed = Elapsed()};
  }

 private:
  void MakeCalls(const ClosedLoop& loop) {
    while (!Finished(Elapsed())) {
      if (statistics_.WaitUntilInFlightBelow(loop.concurrency, std::min(kLongestWait, plan_.duration - Elapsed()))) {
        MakeCall(Elapsed());
      }
    }
    // Rates are those until another call would have been made.
    if (Enough()) statistics_.WaitUntilInFlightBelow(loop.concurrency, plan_.duration - Elapsed());
  }

  void MakeCalls(const OpenLoop& loop) {
    PoissonArrivals arrivals(loop.rate_per_s, loop.seed);
    for (absl::Duration due = arrivals.Next(); !Finished(std::max(due, Elapsed())); due = arrivals.Next()) {
      if (!SleepUntil(due)) return;
      if (statistics_.counts().in_flight() < loop.max_in_flight) {
        MakeCall(due);
      } else {
        SkipCall();
      }
    }
    // Rates are those of all the time planned, not of that until the last call alone.
    if (!Enough()) SleepUntil(plan_.duration);
  }

  bool Enough() const { return plan_.max_requests > 0 && due_count_ >= plan_.max_requests; }

  // Whether a call made then is no longer part of the load.
  bool Finished(absl::Duration time) const { return stop_ || Enough() || time >= plan_.duration; }

  // Returns false when the load is to stop first.
  bool SleepUntil(absl::Duration due) const {
    while (!stop_) {
      const absl::Duration left = due - Elapsed();
      if (left <= absl::ZeroDuration()) return true;
      absl::SleepFor(std::min(left, kLongestWait));
    }
    return false;
  }

  void MakeCall(absl::Duration due) {
    ++due_count_;
    statistics_.CountSent();
    send_([&statistics = statistics_, start = start_, due](const Outcome& outcome) {
      statistics.CountCompleted(outcome, due, absl::FromChrono(Clock::now() - start));
    });
  }

  void SkipCall() {
    ++due_count_;
    statistics_.CountNotSent();
  }

  absl::Duration Elapsed() const { return absl::FromChrono(Clock::now() - start_); }

  using Clock = std::chrono::steady_clock;

  const LoadPlan& plan_;
  SendCall send_;
  const std::atomic<bool>& stop_;
  LoadStatistics& statistics_;
  const Clock::time_point start_ = Clock::now();
  int64_t due_count_ = 0;
};

}  // namespace

LoadTimes RunLoad(const LoadPlan& plan, SendCall send, const std::atomic<bool>& stop, LoadStatistics& statistics) {
  return Run(plan, std::move(send), stop, statistics).Execute();
}

}  // namespace attnd::client
