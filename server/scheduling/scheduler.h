// Between the callers and the batcher: a bounded queue, first in, first out.

#ifndef SERVER_SCHEDULING_SCHEDULER_H_
#define SERVER_SCHEDULING_SCHEDULER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "server/scheduling/clock.h"
#include "server/scheduling/events.h"
#include "server/scheduling/request.h"

namespace attnd {

struct SchedulerLimits {
  int64_t max_requests = 1024;
  int64_t max_tokens = 65536;
  int64_t max_batch_tokens = 2048;
  int64_t max_pending_reply_bytes = int64_t{1} << 30;
};

// Consecutive inputs of one request that are computed in one batch.
struct BatchSlice {
  std::shared_ptr<Request> request;
  size_t first_input = 0;
  size_t input_count = 0;
};

// A request that leaves the queue without being computed to its end.
struct DroppedRequest {
  std::shared_ptr<Request> request;
  absl::Status reason;
};

struct Work {
  std::vector<DroppedRequest> dropped;
  std::vector<BatchSlice> batch;  // empty: nothing to compute this time
  Load size;                      // of the batch
  bool closed = false;            // nothing waits and nothing will
};

// What became of the accepted requests so far.
struct SchedulerTotals {
  int64_t completed = 0;  // computed to their end
  int64_t dropped = 0;    // cancelled, expired, failed or aborted
};

// Threads: Take, FinishBatch and CountDone by the batcher alone; the rest by any.
class Scheduler {
 public:
  // `clock` and `events` must outlive the queue.
  Scheduler(const SchedulerLimits& limits, const Clock& clock, SchedulerEvents& events);

  // Accepts `request`, which must have at least one input, or says why not: RESOURCE_EXHAUSTED when the queue is full
  // or too many bytes of replies are pending, UNAVAILABLE after Close, DEADLINE_EXCEEDED when its deadline has passed.
  // Then `done` is never called.
  absl::Status Submit(std::shared_ptr<Request> request);

  // Says that nobody waits for the result of an accepted request any more. Does nothing once it is done.
  void Cancel(Request& request) { request.Cancel(); }

  // Says that the reply of an accepted request has left or never will; until then its bytes are pending.
  void ReleaseReply(const Request& request);

  // Accepts nothing more; what was accepted stays.
  void Close();

  // Close, and drop what waits, with UNAVAILABLE.
  void Abort();

  // Waits until Close was called and everything accepted is done, at most `timeout`. Returns whether it is.
  bool WaitUntilDrained(absl::Duration timeout);

  // Waits until every reply of an accepted request has left or never will, at most `timeout`.
  void WaitUntilRepliesLeft(absl::Duration timeout);

  SchedulerTotals totals() const;

  // Waits for work, then drops the cancelled, expired and failed, and takes the next batch.
  Work Take();

  // The batch taken last has been computed.
  void FinishBatch();

  // An accepted request is done.
  void CountDone(bool completed);

 private:
  struct Entry {
    std::shared_ptr<Request> request;
    int64_t remaining_tokens = 0;
  };

  bool IsDrained() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return closed_ && totals_.completed + totals_.dropped == accepted_requests_;
  }
  bool NoReplyIsPending() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return pending_reply_bytes_ == 0; }
  bool HasWorkOrIsClosed() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return closed_ || !entries_.empty(); }
  absl::Status CheckAdmission(const Request& request, int64_t token_count) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // OK while somebody still waits for `request`.
  absl::Status CheckAlive(const Request& request) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DropDead(Work& work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeBatch(Work& work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ReportLoad() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const SchedulerLimits limits_;
  const Clock& clock_;
  SchedulerEvents& events_;

  mutable absl::Mutex mutex_;
  std::deque<Entry> entries_ ABSL_GUARDED_BY(mutex_);
  int64_t queued_tokens_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t pending_reply_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  Load running_ ABSL_GUARDED_BY(mutex_);
  int64_t accepted_requests_ ABSL_GUARDED_BY(mutex_) = 0;
  SchedulerTotals totals_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool aborted_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace attnd

#endif  // SERVER_SCHEDULING_SCHEDULER_H_
