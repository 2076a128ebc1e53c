// The time, injected so that tests decide it.

#ifndef SERVER_SCHEDULING_CLOCK_H_
#define SERVER_SCHEDULING_CLOCK_H_

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace attnd {

// Threads: Now may be called by any.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

class SystemClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
};

}  // namespace attnd

#endif  // SERVER_SCHEDULING_CLOCK_H_
