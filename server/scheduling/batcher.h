// The thread that feeds the engine: takes batches from the scheduler, computes them, completes the requests in them.

#ifndef SERVER_SCHEDULING_BATCHER_H_
#define SERVER_SCHEDULING_BATCHER_H_

#include <thread>

#include "server/scheduling/clock.h"
#include "server/scheduling/engine_source.h"
#include "server/scheduling/events.h"
#include "server/scheduling/scheduler.h"

namespace attnd {

// Threads: none but its own. Owns: its thread, named attnd-batcher, on which every Request::done runs.
class Batcher {
 public:
  // Starts at once. The arguments must outlive the batcher.
  Batcher(Scheduler& scheduler, EngineSource source, const Clock& clock, SchedulerEvents& events);
  // Closes the scheduler and waits until everything accepted is done.
  ~Batcher();
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

 private:
  void Loop();
  void Drop(const DroppedRequest& dropped);
  void Compute(const Work& work);
  void Complete(Request& request);

  Scheduler& scheduler_;
  const EngineSource source_;
  const Clock& clock_;
  SchedulerEvents& events_;
  std::thread thread_;
};

}  // namespace attnd

#endif  // SERVER_SCHEDULING_BATCHER_H_
