// Between callers and batchers: accepts requests or refuses them, says what is computed next, and ends every accepted
// request exactly once. docs/batching.md lists what it promises.
//
// It only carries out what pure functions decide: CheckCapacity and CheckDeadline who is accepted, PlanBatch what is
// computed together.

#ifndef SERVER_SCHEDULING_SCHEDULER_H_
#define SERVER_SCHEDULING_SCHEDULER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/scheduling/admission.h"
#include "server/scheduling/batch.h"
#include "server/scheduling/clock.h"
#include "server/scheduling/cost_estimate.h"
#include "server/scheduling/events.h"
#include "server/scheduling/fair_shares.h"
#include "server/scheduling/limits.h"
#include "server/scheduling/policy.h"
#include "server/scheduling/request.h"

namespace attnd {

// What became of the accepted requests so far.
struct SchedulerTotals {
  int64_t completed = 0;  // computed to their end
  int64_t dropped = 0;    // cancelled, expired, failed or aborted
  int64_t unfinished = 0;
};

// Threads: any, every method. Request::done runs without a lock held.
class Scheduler {
 public:
  // `clock` and `events` must outlive the scheduler.
  Scheduler(const SchedulerLimits& limits, const Clock& clock, SchedulerEvents& events);
  ~Scheduler();

  // Accepts `request`, which must have at least one input, or says why not: RESOURCE_EXHAUSTED when the queue is full
  // or too many bytes of replies are pending, with a RetryDelay; UNAVAILABLE after Close; DEADLINE_EXCEEDED when its
  // deadline has passed or will have before it could be computed; CANCELLED when Cancel was called before. Then `done`
  // is never called.
  absl::Status Submit(std::shared_ptr<Request> request);

  // Nobody waits for the result of `request` any more. What waits of it leaves the queue; it is done at once, or, while
  // inputs of it are being computed, with their batches. Does nothing to one that is done or was not accepted.
  void Cancel(Request& request);

  // The reply of an accepted request has left or never will; until then its bytes are pending.
  void ReleaseReply(const Request& request) { ReleaseReplyBytes(request.reply_bytes); }

  // The same for replies that need no engine. RESOURCE_EXHAUSTED, with a RetryDelay, when too many bytes are pending.
  absl::Status HoldReplyBytes(int64_t byte_count);
  void ReleaseReplyBytes(int64_t byte_count);

  // Accepts nothing more; what was accepted stays.
  void Close();

  // Close, and end everything with UNAVAILABLE: what waits at once, what is being computed before its next layer.
  void Abort();

  // Waits until Close was called and everything accepted is done, at most `timeout`. Returns whether it is.
  bool WaitUntilDrained(absl::Duration timeout);

  // Waits until every reply of an accepted request has left or never will, at most `timeout`.
  void WaitUntilRepliesLeft(absl::Duration timeout);

  SchedulerTotals totals() const;

  // How long a request that came now, no more urgent than others, would wait. Zero until a near full batch was
  // measured.
  absl::Duration EstimatedQueueDelay() const;

  // When the batch that has been computed longest was begun; InfiniteFuture while there is none.
  absl::Time OldestBatchStart() const;

  // For batchers. Waits until a batch is due and takes it; nothing when the scheduler is closed and nothing waits.
  std::optional<Batch> Take();

  // `batch` has been computed, or not, as `result` says.
  void Finish(const Batch& batch, const absl::Status& result);

 private:
  struct Entry;  // an accepted request that is not done
  struct Ended;  // one that is to be told so
  struct RunningBatch {
    int64_t number = 0;
    int64_t tokens = 0;
    absl::Time started_at;
  };

  std::optional<Refusal> CheckAdmission(const Entry& entry, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<Refusal> CheckFeasible(const Entry& entry, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<Refusal> CheckEstimate(const Entry& entry, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  FairShares& SharesOf(const Request& request) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StartWaiting(Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What waits of it leaves the queue.
  void StopWaiting(Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The request is not to be computed further. It ends now, or with the batches that hold inputs of it.
  void GiveUp(Entry& entry, absl::Time now, std::vector<Ended>& ended) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void End(Entry& entry, absl::Time now, std::vector<Ended>& ended) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void GiveUpExpired(absl::Time now, std::vector<Ended>& ended) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Calls `done` of each.
  void Tell(std::vector<Ended> ended) ABSL_LOCKS_EXCLUDED(mutex_);

  // InfinitePast when Take need not wait, InfiniteFuture when nothing waits.
  absl::Time DueAt() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AwaitDue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Batch TakeBatch(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  BatchSlice TakeSlice(Entry& entry, size_t input_count, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  WaitingRequest Describe(const Entry& entry, const FairShares::Account& account) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FinishSlice(const BatchSlice& slice, const Batch& batch, const absl::Status& result, absl::Time now,
                   std::vector<Ended>& ended) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Load Queued() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Until `tokens` that wait are computed, or, for those in running batches, would be.
  absl::Duration DelayOf(int64_t tokens, absl::Time now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool AnEngineIsFree() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return running_batches_.size() < static_cast<size_t>(limits_.worker_count);
  }
  void ReportLoad(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool NoReplyIsPending() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return pending_reply_bytes_ == 0; }
  bool IsDrained() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return closed_ && unfinished_ == 0; }

  const SchedulerLimits limits_;
  const Clock& clock_;
  SchedulerEvents& events_;

  mutable absl::Mutex mutex_;
  absl::flat_hash_map<const Request*, std::unique_ptr<Entry>> entries_ ABSL_GUARDED_BY(mutex_);
  // Those with inputs that wait: by arrival, and, where they have a deadline, by that.
  absl::btree_map<int64_t, Entry*> waiting_ ABSL_GUARDED_BY(mutex_);
  absl::btree_map<std::pair<absl::Time, int64_t>, Entry*> by_deadline_ ABSL_GUARDED_BY(mutex_);
  std::array<FairShares, kPriorityCount> shares_ ABSL_GUARDED_BY(mutex_);
  CostEstimate cost_ ABSL_GUARDED_BY(mutex_);
  LoadByPriority queued_ ABSL_GUARDED_BY(mutex_) = {};
  LoadByPriority running_ ABSL_GUARDED_BY(mutex_) = {};
  std::vector<RunningBatch> running_batches_ ABSL_GUARDED_BY(mutex_);
  int64_t pending_reply_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t next_arrival_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t next_batch_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t unfinished_ ABSL_GUARDED_BY(mutex_) = 0;  // accepted, and `done` has not returned
  SchedulerTotals totals_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace attnd

#endif  // SERVER_SCHEDULING_SCHEDULER_H_
