// What happens in the scheduler, told to whoever counts it.

#ifndef SERVER_SCHEDULING_EVENTS_H_
#define SERVER_SCHEDULING_EVENTS_H_

#include <array>
#include <cstdint>

#include "absl/time/time.h"
#include "server/scheduling/request.h"

namespace attnd {

// Why a call was not accepted.
enum class RejectReason { kQueueRequests, kQueueTokens, kReplyBytes, kDeadlineInfeasible, kDraining, kNotReady };

// Who gave up on an accepted call.
enum class CancelCause { kClient, kDeadline };

// How far it had come: none of its inputs had been put in a batch, some had, or, for an item of a stream, its answer
// was ready and had not left.
enum class CancelStage { kQueue, kCompute, kStream };

// Why a batch took no more sequences.
enum class CloseReason {
  kWorkerIdle,   // nothing else was waiting
  kTokenBudget,  // the next sequence would not have fitted
  kMaxRequests,  // it held as many requests as a batch may
  kDelay,        // nothing else was waiting when max_queue_delay had passed
  kOtherModel,   // what else was waiting was for another model, old or new
  kDrain,        // nothing else was waiting, and nothing more is accepted
};

// Requests and tokens somewhere at one moment.
struct Load {
  int64_t requests = 0;
  int64_t tokens = 0;
};

// One Load for each Priority.
using LoadByPriority = std::array<Load, kPriorityCount>;

struct SchedulerLoad {
  LoadByPriority queued;   // requests with inputs that wait, and the tokens of these inputs
  LoadByPriority running;  // requests with inputs that are being computed; one in two batches counts twice
  absl::Duration estimated_queue_delay;
};

struct BatchReport {
  Load size;
  CloseReason close_reason = CloseReason::kWorkerIdle;
};

// Threads: every method may be called by several threads at once and must return at once.
class SchedulerEvents {
 public:
  virtual ~SchedulerEvents() = default;

  virtual void OnRejected(Method method, RejectReason reason) = 0;
  virtual void OnLoadChanged(const SchedulerLoad& load) = 0;
  // `wasted_tokens`: of the call's inputs that were put in a batch all the same.
  virtual void OnCancelled(Method method, CancelStage stage, CancelCause cause, int64_t wasted_tokens) = 0;
  virtual void OnBatchStarted(const BatchReport& batch) = 0;
  // Batcher number `worker` computed for `duration`.
  virtual void OnBatchComputed(int worker, absl::Duration duration) = 0;
  // An accepted request was computed to its end. `total` runs from acceptance to now.
  virtual void OnCompleted(const Request& request, absl::Duration total) = 0;
};

}  // namespace attnd

#endif  // SERVER_SCHEDULING_EVENTS_H_
