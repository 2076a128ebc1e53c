// What the scheduler is allowed: the flags of the same names.

#ifndef SERVER_SCHEDULING_LIMITS_H_
#define SERVER_SCHEDULING_LIMITS_H_

#include <cstdint>

#include "absl/time/time.h"

namespace attnd {

struct SchedulerLimits {
  // What may wait.
  int64_t max_requests = 1024;
  int64_t max_tokens = 65536;
  int64_t max_pending_reply_bytes = int64_t{1} << 30;
  // What a batch may hold. Every input has at most max_batch_tokens.
  int64_t max_batch_tokens = 2048;
  int64_t max_batch_requests = 256;
  // How long a batch that is not full may wait for more, counted from the arrival of its oldest request.
  absl::Duration max_queue_delay;
  // A request rises by one priority each time it has waited this long. Above zero.
  absl::Duration priority_ageing = absl::Seconds(5);
  // Batches that may be computed at once.
  int worker_count = 1;
};

}  // namespace attnd

#endif  // SERVER_SCHEDULING_LIMITS_H_
