// What a batcher computes at once.

#ifndef SERVER_SCHEDULING_BATCH_H_
#define SERVER_SCHEDULING_BATCH_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "server/scheduling/events.h"
#include "server/scheduling/request.h"

namespace attnd {

// Consecutive inputs of one request.
struct BatchSlice {
  std::shared_ptr<Request> request;
  size_t first_input = 0;
  size_t input_count = 0;
  int64_t token_count = 0;
};

struct Batch {
  int64_t number = 0;
  std::vector<BatchSlice> slices;
  Load size;
  CloseReason close_reason = CloseReason::kWorkerIdle;
  absl::Time started_at;

  // Whether every request in it has been cancelled or aborted, or has expired.
  bool IsAbandoned(absl::Time now) const {
    return std::all_of(slices.begin(), slices.end(), [now](const BatchSlice& slice) {
      return slice.request->cancelled() || slice.request->deadline <= now;
    });
  }
};

}  // namespace attnd

#endif  // SERVER_SCHEDULING_BATCH_H_
