// The thread that feeds the engine: takes batches from the queue, computes them, completes the requests in them.

#ifndef SERVER_SCHEDULING_BATCHER_H_
#define SERVER_SCHEDULING_BATCHER_H_

#include <cstdint>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "engine/engine.h"
#include "server/scheduling/clock.h"
#include "server/scheduling/events.h"
#include "server/scheduling/request_queue.h"

namespace attnd {

// What became of the requests so far.
struct BatcherTotals {
  int64_t completed = 0;  // computed to their end
  int64_t dropped = 0;    // cancelled, expired, failed or aborted
};

// Threads: totals and WaitUntilDrained by any. Owns: its thread, named attnd-batcher, on which every Request::done
// runs.
class Batcher {
 public:
  // Starts at once. The arguments must outlive the batcher.
  Batcher(RequestQueue& queue, Engine& engine, const Clock& clock, SchedulerEvents& events);
  // Closes the queue and waits until everything accepted is done.
  ~Batcher();
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  // Waits until the queue is closed and everything accepted is done, at most `timeout`. Returns whether it is.
  bool WaitUntilDrained(absl::Duration timeout);

  BatcherTotals totals() const;

 private:
  void Loop();
  void Drop(const DroppedRequest& dropped);
  void Compute(const Work& work);
  void Complete(Request& request);

  RequestQueue& queue_;
  Engine& engine_;
  const Clock& clock_;
  SchedulerEvents& events_;

  mutable absl::Mutex mutex_;
  BatcherTotals totals_ ABSL_GUARDED_BY(mutex_);
  bool drained_ ABSL_GUARDED_BY(mutex_) = false;

  std::thread thread_;
};

}  // namespace attnd

#endif  // SERVER_SCHEDULING_BATCHER_H_
