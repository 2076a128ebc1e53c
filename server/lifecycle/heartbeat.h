// Watches that the engine goes on: a batch that does not end is reported through health.

#ifndef SERVER_LIFECYCLE_HEARTBEAT_H_
#define SERVER_LIFECYCLE_HEARTBEAT_H_

#include <functional>
#include <optional>

#include "absl/time/time.h"
#include "server/lifecycle/health_state.h"
#include "server/periodic_task.h"
#include "server/scheduling/clock.h"

namespace attnd {

// Threads: Check by one. Owns: a thread, attnd-heartbeat, once started.
class Heartbeat {
 public:
  // `batch_started_at` gives the start of the batch that has been computed longest, InfiniteFuture when none is; it may
  // be called by any thread. `health` and `clock` must outlive the heartbeat.
  Heartbeat(absl::Duration timeout, std::function<absl::Time()> batch_started_at, HealthState& health,
            const Clock& clock);

  // Checks again and again from now on, several times in `timeout`.
  void Start();

  // Tells `health` that the engine is late while a batch has been computed for longer than `timeout`.
  void Check();

 private:
  const absl::Duration timeout_;
  const std::function<absl::Time()> batch_started_at_;
  HealthState& health_;
  const Clock& clock_;
  bool late_ = false;
  std::optional<PeriodicTask> checks_;
};

}  // namespace attnd

#endif  // SERVER_LIFECYCLE_HEARTBEAT_H_
