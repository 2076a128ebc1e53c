// The thread that feeds the engine: takes batches from the scheduler, computes them, completes the requests in them.

#ifndef SERVER_SCHEDULING_BATCHER_H_
#define SERVER_SCHEDULING_BATCHER_H_

#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/scheduling/clock.h"
#include "server/scheduling/engine_source.h"
#include "server/scheduling/events.h"
#include "server/scheduling/scheduler.h"

namespace attnd {

// Owns: its thread, named attnd-batcher, on which every Request::done runs.
class Batcher {
 public:
  // Starts at once. The arguments must outlive the batcher.
  Batcher(Scheduler& scheduler, EngineSource source, const Clock& clock, SchedulerEvents& events);
  // Closes the scheduler and waits until everything accepted is done.
  ~Batcher();
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  // When the batch being computed was begun; InfiniteFuture while there is none. Threads: any.
  absl::Time batch_started_at() const;

 private:
  void Loop();
  void Drop(const DroppedRequest& dropped);
  void Compute(const Work& work);
  void Complete(Request& request);
  void SetBatchStartedAt(absl::Time time);

  Scheduler& scheduler_;
  const EngineSource source_;
  const Clock& clock_;
  SchedulerEvents& events_;

  mutable absl::Mutex mutex_;
  absl::Time batch_started_at_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();

  std::thread thread_;
};

}  // namespace attnd

#endif  // SERVER_SCHEDULING_BATCHER_H_
