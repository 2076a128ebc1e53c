// Which inputs are computed together: a pure function of what waits.

#ifndef SERVER_SCHEDULING_POLICY_H_
#define SERVER_SCHEDULING_POLICY_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "server/scheduling/events.h"
#include "server/scheduling/request.h"

namespace attnd {

struct BatchPlan {
  // Inputs to take from the first requests of the queue, one count a request, each at least 1.
  std::vector<size_t> input_counts;
  Load size;
  CloseReason close_reason = CloseReason::kWorkerIdle;
};

// Takes inputs strictly in order of arrival, from Request::next_input on, until the next one would exceed
// `max_batch_tokens`: no request overtakes another, and one larger than a batch is spread over several. Requests in
// a batch are for one model. Every input is at most `max_batch_tokens` long, so a plan for a non-empty queue is never
// empty.
BatchPlan PlanBatch(absl::Span<const Request* const> waiting, int64_t max_batch_tokens);

}  // namespace attnd

#endif  // SERVER_SCHEDULING_POLICY_H_
