#include "client/load/load_statistics.h"

namespace attnd::client {

void LoadStatistics::CountSent() {
  const absl::MutexLock lock(&mutex_);
  ++result_.counts.sent;
}

void LoadStatistics::CountNotSent() {
  const absl::MutexLock lock(&mutex_);
  ++result_.counts.not_sent;
}

void LoadStatistics::CountCompleted(const Outcome& outcome, absl::Duration due, absl::Duration completed) {
  const absl::MutexLock lock(&mutex_);
  ++result_.counts.completed;
  ++result_.calls_by_code[outcome.status.code()];
  if (!outcome.status.ok()) return;
  ++result_.counts.ok;
  result_.counts.ok_tokens += outcome.token_count;
  result_.latency.Add(completed - due);
  result_.ok_times.Add(completed);
  result_.queue.Add(absl::Seconds(outcome.timing.queue_seconds()));
  result_.compute.Add(absl::Seconds(outcome.timing.compute_seconds()));
}

bool LoadStatistics::WaitUntilInFlightBelow(int64_t limit, absl::Duration timeout) {
  const auto below = [this, limit]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return result_.counts.in_flight() < limit; };
  const absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(&below), timeout);
}

LoadCounts LoadStatistics::counts() const {
  const absl::MutexLock lock(&mutex_);
  return result_.counts;
}

LoadResult LoadStatistics::result(const LoadTimes& times) const {
  const absl::MutexLock lock(&mutex_);
  LoadResult result = result_;
  result.times = times;
  return result;
}

}  // namespace attnd::client
