// A thread that feeds an engine: takes batches from the scheduler, has them computed, gives them back.

#ifndef SERVER_SCHEDULING_BATCHER_H_
#define SERVER_SCHEDULING_BATCHER_H_

#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/scheduling/batch.h"
#include "server/scheduling/clock.h"
#include "server/scheduling/engine_source.h"
#include "server/scheduling/events.h"
#include "server/scheduling/scheduler.h"

namespace attnd {

// Any number of batchers share a scheduler. Owns: its thread, named attnd-batcher, on which
// the Request::done of what it computed run.
class Batcher {
 public:
  // Starts at once. Batchers of a scheduler are numbered from 0, `worker` is this one's. The arguments must outlive it.
  Batcher(Scheduler& scheduler, EngineSource source, const Clock& clock, SchedulerEvents& events, int worker = 0);
  // Closes the scheduler and waits until nothing waits there and the last batch is computed.
  ~Batcher();
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  // When the batch being computed was begun; InfiniteFuture while there is none. Threads: any.
  absl::Time batch_started_at() const;

 private:
  void Loop();
  void Compute(const Batch& batch);
  void SetBatchStartedAt(absl::Time time);

  Scheduler& scheduler_;
  const EngineSource source_;
  const Clock& clock_;
  SchedulerEvents& events_;
  const int worker_;

  mutable absl::Mutex mutex_;
  absl::Time batch_started_at_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();

  std::thread thread_;
};

}  // namespace attnd

#endif  // SERVER_SCHEDULING_BATCHER_H_
