// Whether a request may be accepted: pure functions of what the scheduler holds. One rule for every kind of call.

#ifndef SERVER_SCHEDULING_ADMISSION_H_
#define SERVER_SCHEDULING_ADMISSION_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/scheduling/events.h"
#include "server/scheduling/limits.h"

namespace attnd {

struct Refusal {
  RejectReason reason = RejectReason::kDraining;
  absl::Status status;
};

// What is taken already.
struct Occupancy {
  Load queued;
  int64_t pending_reply_bytes = 0;
  absl::Duration estimated_queue_delay;
};

// What one request needs.
struct Demand {
  int64_t tokens = 0;
  int64_t reply_bytes = 0;
};

// RESOURCE_EXHAUSTED, with the time after which to try again (retry_hint.h), when a limit would be exceeded. A request
// of any size may enter an empty queue, and a reply of any size may be the only one.
std::optional<Refusal> CheckCapacity(const SchedulerLimits& limits, const Occupancy& occupancy, const Demand& demand);

// The part of it that is about replies.
std::optional<Refusal> CheckReplyBytes(const SchedulerLimits& limits, const Occupancy& occupancy, int64_t reply_bytes);

// DEADLINE_EXCEEDED when a request whose deadline is `remaining` away would be done only after `estimate`.
std::optional<Refusal> CheckDeadline(absl::Duration remaining, absl::Duration estimate);

}  // namespace attnd

#endif  // SERVER_SCHEDULING_ADMISSION_H_
