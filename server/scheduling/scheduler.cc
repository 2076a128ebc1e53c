#include "server/scheduling/scheduler.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/scheduling/policy.h"

namespace attnd {

Scheduler::Scheduler(const SchedulerLimits& limits, const Clock& clock, SchedulerEvents& events)
    : limits_(limits), clock_(clock), events_(events) {}

absl::Status Scheduler::Submit(std::shared_ptr<Request> request) {
  const int64_t token_count = request->token_count();
  const absl::MutexLock lock(&mutex_);
  if (absl::Status status = CheckAdmission(*request, token_count); !status.ok()) return status;
  ++accepted_requests_;
  request->accepted_at = clock_.Now();
  pending_reply_bytes_ += request->reply_bytes;
  request->outputs.resize(request->inputs.size());
  entries_.push_back({std::move(request), token_count});
  queued_tokens_ += token_count;
  ReportLoad();
  return absl::OkStatus();
}

absl::Status Scheduler::CheckAdmission(const Request& request, int64_t token_count) {
  if (closed_) {
    events_.OnRejected(request.method, RejectReason::kDraining);
    return absl::UnavailableError("this server is draining and accepts no new calls; call another one");
  }
  const auto queued_requests = static_cast<int64_t>(entries_.size());
  if (queued_requests >= limits_.max_requests) {
    events_.OnRejected(request.method, RejectReason::kQueueRequests);
    return absl::ResourceExhaustedError(absl::StrCat("the queue holds ", queued_requests, " calls, its limit (",
                                                     limits_.max_requests, "); call again later"));
  }
  // A call larger than the whole queue may still enter an empty one.
  if (!entries_.empty() && queued_tokens_ + token_count > limits_.max_tokens) {
    events_.OnRejected(request.method, RejectReason::kQueueTokens);
    return absl::ResourceExhaustedError(absl::StrCat("the queue holds ", queued_tokens_, " tokens, and this call's ",
                                                     token_count, " would exceed its limit of ", limits_.max_tokens,
                                                     "; call again later"));
  }
  // The same for the largest reply.
  if (pending_reply_bytes_ > 0 && pending_reply_bytes_ + request.reply_bytes > limits_.max_pending_reply_bytes) {
    events_.OnRejected(request.method, RejectReason::kReplyBytes);
    return absl::ResourceExhaustedError(absl::StrCat(
        "replies of ", pending_reply_bytes_, " bytes are computed or not yet read, and this call's ",
        request.reply_bytes, " would exceed the limit of ", limits_.max_pending_reply_bytes, "; call again later"));
  }
  if (request.deadline <= clock_.Now()) {
    return absl::DeadlineExceededError("the call's deadline passed before it reached the queue");
  }
  return absl::OkStatus();
}

void Scheduler::ReleaseReply(const Request& request) {
  const absl::MutexLock lock(&mutex_);
  pending_reply_bytes_ -= request.reply_bytes;
}

void Scheduler::Close() {
  const absl::MutexLock lock(&mutex_);
  closed_ = true;
}

void Scheduler::Abort() {
  const absl::MutexLock lock(&mutex_);
  closed_ = true;
  aborted_ = true;
}

bool Scheduler::WaitUntilDrained(absl::Duration timeout) {
  const absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(this, &Scheduler::IsDrained), timeout);
}

void Scheduler::WaitUntilRepliesLeft(absl::Duration timeout) {
  const absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(this, &Scheduler::NoReplyIsPending), timeout);
}

SchedulerTotals Scheduler::totals() const {
  const absl::MutexLock lock(&mutex_);
  return totals_;
}

void Scheduler::CountDone(bool completed) {
  const absl::MutexLock lock(&mutex_);
  ++(completed ? totals_.completed : totals_.dropped);
}

Work Scheduler::Take() {
  const absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &Scheduler::HasWorkOrIsClosed));
  Work work;
  DropDead(work);
  TakeBatch(work);
  work.closed = closed_ && work.batch.empty() && entries_.empty();
  ReportLoad();
  return work;
}

absl::Status Scheduler::CheckAlive(const Request& request) const {
  if (!request.failure.ok()) return request.failure;
  // A caller whose deadline passes cancels, too.
  if (request.deadline <= clock_.Now()) {
    return absl::DeadlineExceededError(absl::StrCat("the deadline passed while the call waited, ",
                                                    absl::FormatDuration(clock_.Now() - request.accepted_at),
                                                    " after it was accepted"));
  }
  if (request.cancelled()) return absl::CancelledError("cancelled by the caller before it was computed");
  if (aborted_) return absl::UnavailableError("this server stopped before the call was computed; call another one");
  return absl::OkStatus();
}

void Scheduler::DropDead(Work& work) {
  std::deque<Entry> alive;
  for (Entry& entry : entries_) {
    absl::Status status = CheckAlive(*entry.request);
    if (status.ok()) {
      alive.push_back(std::move(entry));
      continue;
    }
    queued_tokens_ -= entry.remaining_tokens;
    work.dropped.push_back({std::move(entry.request), std::move(status)});
  }
  entries_ = std::move(alive);
}

void Scheduler::TakeBatch(Work& work) {
  std::vector<const Request*> waiting;
  waiting.reserve(entries_.size());
  for (const Entry& entry : entries_) waiting.push_back(entry.request.get());
  const BatchPlan plan = PlanBatch(waiting, limits_.max_batch_tokens);
  for (const size_t input_count : plan.input_counts) {
    Entry& entry = entries_.front();
    Request& request = *entry.request;
    work.batch.push_back({entry.request, request.next_input, input_count});
    for (size_t i = 0; i < input_count; ++i) {
      entry.remaining_tokens -= request.inputs[request.next_input].token_count;
      ++request.next_input;
    }
    if (request.next_input == request.inputs.size()) entries_.pop_front();
  }
  queued_tokens_ -= plan.size.tokens;
  running_ = plan.size;
  work.size = plan.size;
  if (!work.batch.empty()) events_.OnBatchStarted({.size = plan.size, .close_reason = plan.close_reason});
}

void Scheduler::FinishBatch() {
  const absl::MutexLock lock(&mutex_);
  running_ = {};
  ReportLoad();
}

void Scheduler::ReportLoad() {
  events_.OnLoadChanged({.requests = static_cast<int64_t>(entries_.size()), .tokens = queued_tokens_}, running_);
}

}  // namespace attnd
