#include "server/scheduling/batcher.h"

#include <pthread.h>

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/log/log.h"
#include "absl/status/status.h"

namespace attnd {
namespace {

std::vector<SequenceTask> TasksOf(const std::vector<BatchSlice>& slices) {
  std::vector<SequenceTask> tasks;
  for (const BatchSlice& slice : slices) {
    Request& request = *slice.request;
    for (size_t i = slice.first_input; i < slice.first_input + slice.input_count; ++i) {
      tasks.push_back({&request.inputs[i], &request.selection, &request.outputs[i]});
    }
  }
  return tasks;
}

void AddBatchToTiming(const Load& size, absl::Time started_at, absl::Time ended_at, Request& request) {
  RequestTiming& timing = request.timing;
  if (timing.batch_count == 0) timing.queue = started_at - request.accepted_at;
  timing.compute += ended_at - started_at;
  timing.batch_tokens += size.tokens;
  timing.batch_requests += size.requests;
  ++timing.batch_count;
}

// Computed to its end, given that `slice` was the batch's part of it.
bool IsComplete(const BatchSlice& slice) {
  return slice.first_input + slice.input_count == slice.request->inputs.size();
}

}  // namespace

Batcher::Batcher(Scheduler& scheduler, EngineSource source, const Clock& clock, SchedulerEvents& events)
    : scheduler_(scheduler), source_(std::move(source)), clock_(clock), events_(events), thread_([this] { Loop(); }) {}

Batcher::~Batcher() {
  scheduler_.Close();
  thread_.join();
}

absl::Time Batcher::batch_started_at() const {
  const absl::MutexLock lock(&mutex_);
  return batch_started_at_;
}

void Batcher::SetBatchStartedAt(absl::Time time) {
  const absl::MutexLock lock(&mutex_);
  batch_started_at_ = time;
}

void Batcher::Loop() {
  pthread_setname_np(pthread_self(), "attnd-batcher");
  for (;;) {
    const Work work = scheduler_.Take();
    for (const DroppedRequest& dropped : work.dropped) Drop(dropped);
    if (!work.batch.empty()) Compute(work);
    if (work.closed) break;
  }
}

void Batcher::Drop(const DroppedRequest& dropped) {
  Request& request = *dropped.request;
  const CancelStage stage = request.next_input == 0 ? CancelStage::kQueue : CancelStage::kCompute;
  if (absl::IsCancelled(dropped.reason)) events_.OnCancelled(request.method, stage, CancelCause::kClient);
  if (absl::IsDeadlineExceeded(dropped.reason)) events_.OnCancelled(request.method, stage, CancelCause::kDeadline);
  request.done(dropped.reason);
  scheduler_.CountDone(/*completed=*/false);
}

void Batcher::Compute(const Work& work) {
  const absl::Time started_at = clock_.Now();
  SetBatchStartedAt(started_at);
  Engine& engine = source_(*work.batch.front().request);
  const absl::Status status = engine.Forward(TasksOf(work.batch));
  const absl::Time ended_at = clock_.Now();
  SetBatchStartedAt(absl::InfiniteFuture());
  scheduler_.FinishBatch();
  if (!status.ok()) LOG(ERROR) << "a batch of " << work.size.tokens << " tokens failed: " << status;
  for (const BatchSlice& slice : work.batch) {
    Request& request = *slice.request;
    AddBatchToTiming(work.size, started_at, ended_at, request);
    if (!status.ok()) {
      // What the engine says of itself is for the log. The rest of a request still waiting is dropped by the queue.
      request.failure = absl::InternalError("the engine failed to compute this call; the server's log says why");
      if (IsComplete(slice)) Drop({slice.request, request.failure});
    } else if (IsComplete(slice)) {
      Complete(request);
    }
  }
}

void Batcher::Complete(Request& request) {
  events_.OnCompleted(request, clock_.Now() - request.accepted_at);
  request.done(absl::OkStatus());
  scheduler_.CountDone(/*completed=*/true);
}

}  // namespace attnd
