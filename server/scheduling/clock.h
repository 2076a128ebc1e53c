// The time, injected so that tests decide it.

#ifndef SERVER_SCHEDULING_CLOCK_H_
#define SERVER_SCHEDULING_CLOCK_H_

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace attnd {

// Threads: any.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
  // absl::Mutex::AwaitWithDeadline by this clock: `mutex` is held before and after. Returns whether `condition` holds.
  virtual bool AwaitWithDeadline(absl::Mutex& mutex, const absl::Condition& condition, absl::Time deadline) const
      ABSL_SHARED_LOCKS_REQUIRED(mutex) = 0;
};

class SystemClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
  bool AwaitWithDeadline(absl::Mutex& mutex, const absl::Condition& condition, absl::Time deadline) const override
      ABSL_SHARED_LOCKS_REQUIRED(mutex) {
    return mutex.AwaitWithDeadline(condition, deadline);
  }
};

}  // namespace attnd

#endif  // SERVER_SCHEDULING_CLOCK_H_
