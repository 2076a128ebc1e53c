#include "server/scheduling/batcher.h"

#include <pthread.h>

#include <cstddef>
#include <exception>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "engine/ops/cpu_shares.h"
#include "server/scheduling/within_memory.h"

namespace attnd {
namespace {

std::vector<SequenceTask> TasksOf(const Batch& batch) {
  std::vector<SequenceTask> tasks;
  for (const BatchSlice& slice : batch.slices) {
    Request& request = *slice.request;
    for (size_t i = slice.first_input; i < slice.first_input + slice.input_count; ++i) {
      tasks.push_back({&request.inputs[i], &request.selection, &request.outputs[i]});
    }
  }
  return tasks;
}

}  // namespace

Batcher::Batcher(Scheduler& scheduler, EngineSource source, const Clock& clock, SchedulerEvents& events, int worker,
                 std::vector<int> cpus)
    : scheduler_(scheduler),
      source_(std::move(source)),
      clock_(clock),
      events_(events),
      worker_(worker),
      cpus_(std::move(cpus)),
      thread_([this] { Loop(); }) {}

Batcher::~Batcher() {
  scheduler_.Close();
  thread_.join();
}

void Batcher::Loop() {
  pthread_setname_np(pthread_self(), "attnd-batcher");
  StayOnCpus(cpus_);
  while (const auto batch = scheduler_.Take()) Compute(*batch);
}

absl::Status Batcher::Forward(const Batch& batch) const {
  try {
    return WithinMemory([&] {
      Engine& engine = source_(*batch.slices.front().request);
      return engine.Forward(TasksOf(batch), [&] { return batch.IsAbandoned(clock_.Now()); });
    });
  } catch (const std::exception& exception) {
    return absl::InternalError(exception.what());
  }
}

void Batcher::Compute(const Batch& batch) {
  const absl::Status result = Forward(batch);
  events_.OnBatchComputed(worker_, clock_.Now() - batch.started_at);
  scheduler_.Finish(batch, result);
}

}  // namespace attnd
