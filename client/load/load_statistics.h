// What has happened so far in a load.

#ifndef CLIENT_LOAD_LOAD_STATISTICS_H_
#define CLIENT_LOAD_LOAD_STATISTICS_H_

#include <cstdint>
#include <map>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "attnd/v1/inference.pb.h"
#include "client/load/latency_summary.h"

namespace attnd::client {

// How one call ended.
struct Outcome {
  absl::Status status;
  // Tokens of the call's inputs.
  int64_t token_count = 0;
  // Set by the server when the call succeeded.
  v1::Timing timing;
};

struct LoadCounts {
  int64_t sent = 0;
  int64_t completed = 0;
  int64_t ok = 0;
  // Calls that were due while too many were in flight.
  int64_t not_sent = 0;
  // Tokens of the calls that succeeded.
  int64_t ok_tokens = 0;

  int64_t in_flight() const { return sent - completed; }
};

// From the start of a load.
struct LoadTimes {
  // While calls were due: until the planned end, and less where the number of calls or the caller ended it before. A
  // closed loop's last call is over when there is room for another.
  absl::Duration calling;
  // Until the end of the last call.
  absl::Duration elapsed;
};

// Everything a report tells. The summaries are of the calls that succeeded.
struct LoadResult {
  LoadCounts counts;
  LoadTimes times;
  LatencySummary latency;
  // From the start of the load to the answer.
  LatencySummary ok_times;
  LatencySummary queue;
  LatencySummary compute;
  std::map<absl::StatusCode, int64_t> calls_by_code;
};

// Threads: every method may be called from several threads at once.
class LoadStatistics {
 public:
  void CountSent();
  void CountNotSent();
  // Both count from the start of the load; the latency is what lies between them.
  void CountCompleted(const Outcome& outcome, absl::Duration due, absl::Duration completed);

  // Waits until fewer than `limit` calls are in flight; says whether that came true within `timeout`.
  bool WaitUntilInFlightBelow(int64_t limit, absl::Duration timeout);

  LoadCounts counts() const;
  LoadResult result(const LoadTimes& times) const;

 private:
  mutable absl::Mutex mutex_;
  // Its `times` stay unset.
  LoadResult result_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace attnd::client

#endif  // CLIENT_LOAD_LOAD_STATISTICS_H_
