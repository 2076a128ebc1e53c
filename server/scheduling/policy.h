// Which inputs are computed next, and together: pure functions of what waits, the limits and the time.
//
// Requests are ordered by, each rule deciding where those before it leave a tie:
//
//   1. The request that was passed over at the head of the last batch, because it did not fit, goes first.
//   2. Priority, raised by one for every priority_ageing that the request has waited since it arrived or last had a
//      turn. It rises beyond the highest: whoever has waited longest comes first in the end.
//   3. The caller's share of what its priority is served, in whole batches of tokens: a caller that is ahead of the
//      others by less than one batch is not behind them (fair_shares.h).
//   4. Turns: batches the request has been in already. One with many inputs takes its next turn after those that have
//      had none.
//   5. Deadline, the earliest first.
//   6. Arrival.
//
// A batch is filled in that order, with requests for one model only, that of the first. An input that does not fit is
// passed over, and others behind it are tried: at most kMaxLookAhead requests, and none behind a request that has been
// passed over kMaxTimesOvertaken times.

#ifndef SERVER_SCHEDULING_POLICY_H_
#define SERVER_SCHEDULING_POLICY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "server/scheduling/events.h"
#include "server/scheduling/limits.h"
#include "server/scheduling/request.h"

namespace attnd {

inline constexpr int kMaxLookAhead = 64;
inline constexpr int kMaxTimesOvertaken = 4;

// A request with inputs that wait, as the policy sees it.
struct WaitingRequest {
  const ServedModel* model = nullptr;  // compared, not used
  Priority priority = Priority::kNormal;
  int64_t caller = 0;              // which one it is of, another for each priority
  int64_t caller_lead_tokens = 0;  // FairShares::Lead
  int64_t arrival = 0;             // later ones have higher numbers
  absl::Time waiting_since;        // its arrival, or its last turn
  absl::Time deadline = absl::InfiniteFuture();
  int64_t turns = 0;
  int times_overtaken = 0;
  bool goes_first = false;
  absl::Span<const int64_t> token_counts;  // of the inputs that wait, in their order
};

// Inputs to take from the front of one request's, at least one.
struct PlannedSlice {
  size_t request = 0;  // index
  size_t input_count = 0;
};

struct BatchPlan {
  std::vector<PlannedSlice> slices;
  // Indices of requests that were passed over for lack of room while one behind them was taken. The first of them goes
  // first in the next batch.
  std::vector<size_t> overtaken;
  Load size;
  CloseReason close_reason = CloseReason::kWorkerIdle;
};

// Every input has at most max_batch_tokens, so a plan for a non-empty queue is never empty. `draining`: nothing more
// will arrive.
BatchPlan PlanBatch(absl::Span<const WaitingRequest> waiting, const SchedulerLimits& limits, absl::Time now,
                    bool draining);

// Tokens computed before waiting[index] has its first turn, if nothing else arrives.
int64_t TokensAhead(absl::Span<const WaitingRequest> waiting, size_t index, const SchedulerLimits& limits,
                    absl::Time now);

// A queue that is not empty, summed up.
struct QueueSummary {
  Load size;
  absl::Time oldest_arrival;
  absl::Time earliest_deadline = absl::InfiniteFuture();
};

// When a batch is due. At once, InfinitePast, unless max_queue_delay allows it to wait for more: never when it is full
// already, nor when a deadline would pass meanwhile.
absl::Time BatchDueAt(const QueueSummary& queue, const SchedulerLimits& limits);

}  // namespace attnd

#endif  // SERVER_SCHEDULING_POLICY_H_
