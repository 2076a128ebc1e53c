#include "server/scheduling/scheduler.h"

#include <algorithm>
#include <numeric>

#include "absl/container/inlined_vector.h"
#include "absl/log/log.h"
#include "absl/strings/str_cat.h"

namespace attnd {
namespace {

// A caller that gives up this shortly before its deadline gave up because of it: gRPC rounds the time it sends up, and
// the caller's clock started earlier.
absl::Duration DeadlineSlack(const Request& request) {
  return absl::Milliseconds(20) + (request.deadline - request.accepted_at) / 100;
}

Load& operator+=(Load& load, const Load& other) {
  load.requests += other.requests;
  load.tokens += other.tokens;
  return load;
}

// What callers are told of a batch that failed: want of memory as it is; what else the engine says is for the log.
absl::Status FailureOf(const absl::Status& result) {
  if (absl::IsResourceExhausted(result)) return result;
  return absl::InternalError("the engine failed to compute this call; the server's log says why");
}

// Of a call that nobody waits for any more, by what it ended with.
CancelCause CauseOf(const absl::Status& status) {
  return absl::IsDeadlineExceeded(status) ? CancelCause::kDeadline : CancelCause::kClient;
}

Load& At(LoadByPriority& loads, Priority priority) { return loads[static_cast<size_t>(priority)]; }

}  // namespace

struct Scheduler::Entry {
  std::shared_ptr<Request> request;
  absl::InlinedVector<int64_t, 4> token_counts;  // of its inputs
  size_t next_input = 0;                         // those before it have been taken into a batch
  int64_t taken_tokens = 0;
  int64_t waiting_tokens = 0;
  int64_t running_batches = 0;  // that hold inputs of it
  // For the policy.
  FairShares::Account* account = nullptr;  // while inputs wait
  int64_t arrival = 0;
  absl::Time waiting_since;
  int64_t turns = 0;
  int times_overtaken = 0;
  bool goes_first = false;
  // Why the rest is not to be computed, other than for the caller's giving up.
  absl::Status failure;

  explicit Entry(std::shared_ptr<Request> accepted) : request(std::move(accepted)) {
    for (const SequenceInput& input : request->inputs) token_counts.push_back(input.token_count);
    waiting_tokens = std::accumulate(token_counts.begin(), token_counts.end(), int64_t{0});
  }

  bool waits() const { return account != nullptr; }

  // OK while somebody still waits for the request and it can be computed.
  absl::Status CheckAlive(absl::Time now) const {
    if (!failure.ok()) return failure;
    const absl::Time expiry = request->deadline - (request->cancelled() ? DeadlineSlack(*request) : absl::Duration());
    if (expiry <= now) {
      return absl::DeadlineExceededError(
          absl::StrCat("the deadline passed while the call ", taken_tokens == 0 ? "waited" : "was computed", ", ",
                       absl::FormatDuration(now - request->accepted_at), " after it was accepted"));
    }
    if (request->cancelled()) return absl::CancelledError("cancelled by the caller before it was computed");
    return absl::OkStatus();
  }
};

struct Scheduler::Ended {
  std::shared_ptr<Request> request;
  absl::Status status;
  int64_t taken_tokens = 0;
  absl::Duration total;  // since its acceptance
};

Scheduler::Scheduler(const SchedulerLimits& limits, const Clock& clock, SchedulerEvents& events)
    : limits_(limits), clock_(clock), events_(events) {}

Scheduler::~Scheduler() = default;

absl::Status Scheduler::Submit(std::shared_ptr<Request> request) {
  const Method method = request->method;
  auto entry = std::make_unique<Entry>(std::move(request));
  entry->request->outputs.resize(entry->request->inputs.size());
  std::vector<Ended> ended;
  absl::Status given_up;
  std::optional<Refusal> refusal;
  {
    const absl::MutexLock lock(&mutex_);
    const absl::Time now = clock_.Now();
    GiveUpExpired(now, ended);
    entry->request->accepted_at = entry->waiting_since = now;
    entry->arrival = next_arrival_++;
    if (entry->request->cancelled()) {
      given_up = entry->CheckAlive(now);
    } else {
      refusal = CheckAdmission(*entry, now);
    }
    if (given_up.ok() && !refusal) {
      pending_reply_bytes_ += entry->request->reply_bytes;
      ++unfinished_;
      StartWaiting(*entry);
      const Request* key = entry->request.get();
      entries_.emplace(key, std::move(entry));
    }
    ReportLoad(now);
  }
  Tell(std::move(ended));
  if (!given_up.ok()) {
    events_.OnCancelled(method, CancelStage::kQueue, CauseOf(given_up), 0);
    return given_up;
  }
  if (!refusal) return absl::OkStatus();
  events_.OnRejected(method, refusal->reason);
  return refusal->status;
}

std::optional<Refusal> Scheduler::CheckAdmission(const Entry& entry, absl::Time now) {
  if (closed_) {
    return Refusal{
        .reason = RejectReason::kDraining,
        .status = absl::UnavailableError("this server is draining and accepts no new calls; call another one")};
  }
  const Load queued = Queued();
  const Occupancy occupancy{.queued = queued,
                            .pending_reply_bytes = pending_reply_bytes_,
                            .estimated_queue_delay = DelayOf(queued.tokens, now)};
  const Demand demand{.tokens = entry.waiting_tokens, .reply_bytes = entry.request->reply_bytes};
  if (auto refusal = CheckCapacity(limits_, occupancy, demand)) return refusal;
  return CheckFeasible(entry, now);
}

std::optional<Refusal> Scheduler::CheckFeasible(const Entry& entry, absl::Time now) {
  auto refusal = CheckEstimate(entry, now);
  if (!refusal) return std::nullopt;
  // Computing it is how the estimate is measured again.
  const bool is_idle = waiting_.empty() && AnEngineIsFree();
  if (is_idle && entry.request->deadline > now && cost_.MayProbe(now, entry.request->deadline - now)) {
    return std::nullopt;
  }
  cost_.OnRefused(now);
  return refusal;
}

std::optional<Refusal> Scheduler::CheckEstimate(const Entry& entry, absl::Time now) {
  const Request& request = *entry.request;
  const absl::Duration remaining = request.deadline - now;
  // One engine computes what fits in a batch; others may compute the rest meanwhile.
  const int64_t batch_tokens = std::min(entry.waiting_tokens, limits_.max_batch_tokens);
  const absl::Duration own = cost_.Of(std::max(batch_tokens, entry.waiting_tokens / limits_.worker_count));
  // Everything as urgent or more so may go first: most of the time that is little enough.
  int64_t tokens_ahead = 0;
  for (int level = 0; level <= static_cast<int>(request.priority); ++level) {
    tokens_ahead += queued_[static_cast<size_t>(level)].tokens;
  }
  if (!CheckDeadline(remaining, DelayOf(tokens_ahead, now) + own)) return std::nullopt;
  // Else what will is counted, in the order of the policy.
  std::vector<WaitingRequest> waiting;
  waiting.reserve(waiting_.size() + 1);
  FairShares::Account& account = SharesOf(request).Enter(request.caller);
  for (const auto& [arrival, other] : waiting_) waiting.push_back(Describe(*other, *other->account));
  waiting.push_back(Describe(entry, account));
  SharesOf(request).Leave(account);
  tokens_ahead = TokensAhead(waiting, waiting.size() - 1, limits_, now);
  return CheckDeadline(remaining, DelayOf(tokens_ahead, now) + own);
}

FairShares& Scheduler::SharesOf(const Request& request) { return shares_[static_cast<size_t>(request.priority)]; }

void Scheduler::StartWaiting(Entry& entry) {
  const Request& request = *entry.request;
  entry.account = &SharesOf(request).Enter(request.caller);
  waiting_.emplace(entry.arrival, &entry);
  if (request.deadline != absl::InfiniteFuture())
    by_deadline_.emplace(std::pair(request.deadline, entry.arrival), &entry);
  At(queued_, request.priority) += {.requests = 1, .tokens = entry.waiting_tokens};
}

void Scheduler::StopWaiting(Entry& entry) {
  const Request& request = *entry.request;
  SharesOf(request).Leave(*entry.account);
  entry.account = nullptr;
  waiting_.erase(entry.arrival);
  by_deadline_.erase(std::pair(request.deadline, entry.arrival));
  At(queued_, request.priority) += {.requests = -1, .tokens = -entry.waiting_tokens};
  entry.waiting_tokens = 0;
}

void Scheduler::GiveUp(Entry& entry, absl::Time now, std::vector<Ended>& ended) {
  if (entry.waits()) StopWaiting(entry);
  if (entry.running_batches == 0) End(entry, now, ended);
}

void Scheduler::End(Entry& entry, absl::Time now, std::vector<Ended>& ended) {
  ended.push_back({.request = entry.request,
                   .status = entry.CheckAlive(now),
                   .taken_tokens = entry.taken_tokens,
                   .total = now - entry.request->accepted_at});
  entries_.erase(entry.request.get());
}

void Scheduler::GiveUpExpired(absl::Time now, std::vector<Ended>& ended) {
  while (!by_deadline_.empty() && by_deadline_.begin()->first.first <= now) {
    GiveUp(*by_deadline_.begin()->second, now, ended);
  }
}

void Scheduler::Tell(std::vector<Ended> ended) {
  if (ended.empty()) return;
  SchedulerTotals told;
  for (const Ended& end : ended) {
    Request& request = *end.request;
    if (end.status.ok()) {
      ++told.completed;
      events_.OnCompleted(request, end.total);
    } else {
      ++told.dropped;
      const CancelStage stage = end.taken_tokens == 0 ? CancelStage::kQueue : CancelStage::kCompute;
      if (absl::IsCancelled(end.status) || absl::IsDeadlineExceeded(end.status)) {
        events_.OnCancelled(request.method, stage, CauseOf(end.status), end.taken_tokens);
      }
    }
    request.done(end.status);
  }
  const absl::MutexLock lock(&mutex_);
  totals_.completed += told.completed;
  totals_.dropped += told.dropped;
  unfinished_ -= told.completed + told.dropped;
}

void Scheduler::Cancel(Request& request) {
  // First, for the batch it may be in: that asks between two layers.
  request.cancelled_.store(true, std::memory_order_relaxed);
  std::vector<Ended> ended;
  {
    const absl::MutexLock lock(&mutex_);
    const auto found = entries_.find(&request);
    if (found == entries_.end()) return;
    const absl::Time now = clock_.Now();
    GiveUp(*found->second, now, ended);
    ReportLoad(now);
  }
  Tell(std::move(ended));
}

absl::Status Scheduler::HoldReplyBytes(int64_t byte_count) {
  const absl::MutexLock lock(&mutex_);
  const Occupancy occupancy{.pending_reply_bytes = pending_reply_bytes_,
                            .estimated_queue_delay = DelayOf(Queued().tokens, clock_.Now())};
  if (const auto refusal = CheckReplyBytes(limits_, occupancy, byte_count)) return refusal->status;
  pending_reply_bytes_ += byte_count;
  return absl::OkStatus();
}

void Scheduler::ReleaseReplyBytes(int64_t byte_count) {
  const absl::MutexLock lock(&mutex_);
  pending_reply_bytes_ -= byte_count;
}

void Scheduler::Close() {
  const absl::MutexLock lock(&mutex_);
  closed_ = true;
}

void Scheduler::Abort() {
  std::vector<Ended> ended;
  {
    const absl::MutexLock lock(&mutex_);
    closed_ = true;
    const absl::Time now = clock_.Now();
    std::vector<Entry*> entries;
    for (const auto& [request, entry] : entries_) entries.push_back(entry.get());
    for (Entry* const entry : entries) {
      if (entry->CheckAlive(now).ok()) {
        entry->failure = absl::UnavailableError("this server stopped before the call was computed; call another one");
      }
      entry->request->cancelled_.store(true, std::memory_order_relaxed);
      GiveUp(*entry, now, ended);
    }
    ReportLoad(now);
  }
  Tell(std::move(ended));
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
  SchedulerTotals totals = totals_;
  totals.unfinished = unfinished_;
  return totals;
}

absl::Duration Scheduler::EstimatedQueueDelay() const {
  const absl::MutexLock lock(&mutex_);
  return DelayOf(Queued().tokens, clock_.Now());
}

absl::Time Scheduler::OldestBatchStart() const {
  const absl::MutexLock lock(&mutex_);
  // In the order in which they were begun.
  return running_batches_.empty() ? absl::InfiniteFuture() : running_batches_.front().started_at;
}

std::optional<Batch> Scheduler::Take() {
  for (;;) {
    std::vector<Ended> ended;
    std::optional<Batch> batch;
    bool is_over = false;
    {
      const absl::MutexLock lock(&mutex_);
      AwaitDue();
      const absl::Time now = clock_.Now();
      GiveUpExpired(now, ended);
      if (!waiting_.empty()) batch = TakeBatch(now);
      is_over = closed_ && waiting_.empty();
      ReportLoad(now);
    }
    Tell(std::move(ended));
    if (batch || is_over) return batch;
  }
}

absl::Time Scheduler::DueAt() const {
  if (closed_) return absl::InfinitePast();
  if (waiting_.empty()) return absl::InfiniteFuture();
  QueueSummary queue{.size = Queued(), .oldest_arrival = waiting_.begin()->second->request->accepted_at};
  if (!by_deadline_.empty()) queue.earliest_deadline = by_deadline_.begin()->first.first;
  return BatchDueAt(queue, limits_);
}

void Scheduler::AwaitDue() {
  for (absl::Time due_at = DueAt(); due_at > clock_.Now(); due_at = DueAt()) {
    const auto has_changed = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return DueAt() != due_at; };
    clock_.AwaitWithDeadline(mutex_, absl::Condition(&has_changed), due_at);
  }
}

WaitingRequest Scheduler::Describe(const Entry& entry, const FairShares::Account& account) const {
  const Request& request = *entry.request;
  return {.model = request.model.get(),
          .priority = request.priority,
          .caller = account.number * kPriorityCount + static_cast<int64_t>(request.priority),
          .caller_lead_tokens = shares_[static_cast<size_t>(request.priority)].Lead(account),
          .arrival = entry.arrival,
          .waiting_since = entry.waiting_since,
          .deadline = request.deadline,
          .turns = entry.turns,
          .times_overtaken = entry.times_overtaken,
          .goes_first = entry.goes_first,
          .token_counts = absl::MakeConstSpan(entry.token_counts).subspan(entry.next_input)};
}

Batch Scheduler::TakeBatch(absl::Time now) {
  for (FairShares& shares : shares_) shares.Advance();
  std::vector<Entry*> entries;
  std::vector<WaitingRequest> waiting;
  entries.reserve(waiting_.size());
  waiting.reserve(waiting_.size());
  for (const auto& [arrival, entry] : waiting_) {
    entries.push_back(entry);
    waiting.push_back(Describe(*entry, *entry->account));
  }
  const BatchPlan plan = PlanBatch(waiting, limits_, now, closed_);
  for (const size_t index : plan.overtaken) ++entries[index]->times_overtaken;
  if (!plan.overtaken.empty()) entries[plan.overtaken.front()]->goes_first = true;
  Batch batch{.number = next_batch_++, .size = plan.size, .close_reason = plan.close_reason, .started_at = now};
  for (const PlannedSlice& slice : plan.slices) {
    batch.slices.push_back(TakeSlice(*entries[slice.request], slice.input_count, now));
  }
  running_batches_.push_back({.number = batch.number, .tokens = batch.size.tokens, .started_at = now});
  events_.OnBatchStarted({.size = plan.size, .close_reason = plan.close_reason});
  return batch;
}

BatchSlice Scheduler::TakeSlice(Entry& entry, size_t input_count, absl::Time now) {
  Request& request = *entry.request;
  const auto first = entry.token_counts.begin() + static_cast<std::ptrdiff_t>(entry.next_input);
  const int64_t tokens = std::accumulate(first, first + static_cast<std::ptrdiff_t>(input_count), int64_t{0});
  BatchSlice slice{
      .request = entry.request, .first_input = entry.next_input, .input_count = input_count, .token_count = tokens};
  if (entry.turns++ == 0) request.timing.queue = now - request.accepted_at;
  entry.waiting_since = now;
  entry.times_overtaken = 0;
  entry.goes_first = false;
  entry.next_input += input_count;
  entry.taken_tokens += tokens;
  entry.waiting_tokens -= tokens;
  ++entry.running_batches;
  FairShares::Charge(*entry.account, tokens);
  At(queued_, request.priority) += {.requests = 0, .tokens = -tokens};
  At(running_, request.priority) += {.requests = 1, .tokens = tokens};
  if (entry.next_input == request.inputs.size()) StopWaiting(entry);
  return slice;
}

void Scheduler::Finish(const Batch& batch, const absl::Status& result) {
  if (!result.ok() && !absl::IsCancelled(result)) {
    LOG(ERROR) << "a batch of " << batch.size.tokens << " tokens failed: " << result;
  }
  std::vector<Ended> ended;
  {
    const absl::MutexLock lock(&mutex_);
    const absl::Time now = clock_.Now();
    const bool was_near_full =
        2 * batch.size.tokens >= limits_.max_batch_tokens || batch.close_reason == CloseReason::kMaxRequests;
    if (result.ok()) cost_.Add(batch.size.tokens, now - batch.started_at, was_near_full);
    std::erase_if(running_batches_, [&](const RunningBatch& running) { return running.number == batch.number; });
    for (const BatchSlice& slice : batch.slices) FinishSlice(slice, batch, result, now, ended);
    ReportLoad(now);
  }
  Tell(std::move(ended));
}

void Scheduler::FinishSlice(const BatchSlice& slice, const Batch& batch, const absl::Status& result, absl::Time now,
                            std::vector<Ended>& ended) {
  Request& request = *slice.request;
  Entry& entry = *entries_.at(slice.request.get());
  RequestTiming& timing = request.timing;
  timing.compute += now - batch.started_at;
  timing.batch_tokens += batch.size.tokens;
  timing.batch_requests += batch.size.requests;
  ++timing.batch_count;
  At(running_, request.priority) += {.requests = -1, .tokens = -slice.token_count};
  --entry.running_batches;
  const bool is_alive = entry.CheckAlive(now).ok();
  if (is_alive && !result.ok()) {
    entry.failure = FailureOf(result);
  }
  if (!is_alive || !result.ok() || !entry.waits()) GiveUp(entry, now, ended);
}

Load Scheduler::Queued() const {
  Load total;
  for (const Load& load : queued_) total += load;
  return total;
}

absl::Duration Scheduler::DelayOf(int64_t tokens, absl::Time now) const {
  absl::Duration until_free = absl::InfiniteDuration();
  for (const RunningBatch& batch : running_batches_) {
    until_free = std::min(until_free, std::max(absl::ZeroDuration(), batch.started_at + cost_.Of(batch.tokens) - now));
  }
  return (AnEngineIsFree() ? absl::ZeroDuration() : until_free) + cost_.Of(tokens) / limits_.worker_count;
}

void Scheduler::ReportLoad(absl::Time now) {
  events_.OnLoadChanged(
      {.queued = queued_, .running = running_, .estimated_queue_delay = DelayOf(Queued().tokens, now)});
}

}  // namespace attnd
