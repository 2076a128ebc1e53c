// A thread that feeds an engine: takes batches from the scheduler, has them computed, gives them back.

#ifndef SERVER_SCHEDULING_BATCHER_H_
#define SERVER_SCHEDULING_BATCHER_H_

#include <thread>
#include <vector>

#include "server/scheduling/batch.h"
#include "server/scheduling/clock.h"
#include "server/scheduling/engine_source.h"
#include "server/scheduling/events.h"
#include "server/scheduling/scheduler.h"

namespace attnd {

// Threads: none but its own; any number of batchers share a scheduler. Owns: its thread, named attnd-batcher, on which
// the Request::done of what it computed run.
class Batcher {
 public:
  // Starts at once, on `cpus`, or on any if those are none. Batchers of a scheduler are numbered from 0, `worker` is
  // this one's. The arguments must outlive it.
  Batcher(Scheduler& scheduler, EngineSource source, const Clock& clock, SchedulerEvents& events, int worker = 0,
          std::vector<int> cpus = {});
  // Closes the scheduler and waits until nothing waits there and the last batch is computed.
  ~Batcher();
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

 private:
  void Loop();
  void Compute(const Batch& batch);
  // What the engine says of it; exceptions of the allocator end here.
  absl::Status Forward(const Batch& batch) const;

  Scheduler& scheduler_;
  const EngineSource source_;
  const Clock& clock_;
  SchedulerEvents& events_;
  const int worker_;
  const std::vector<int> cpus_;
  std::thread thread_;
};

}  // namespace attnd

#endif  // SERVER_SCHEDULING_BATCHER_H_
