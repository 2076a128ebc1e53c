// What happens in the scheduler, told to whoever counts it.

#ifndef SERVER_SCHEDULING_EVENTS_H_
#define SERVER_SCHEDULING_EVENTS_H_

#include <cstdint>

#include "absl/time/time.h"
#include "server/scheduling/request.h"

namespace attnd {

// Why a call was not accepted.
enum class RejectReason { kQueueRequests, kQueueTokens, kReplyBytes, kDraining };

// Who gave up on an accepted call before it was computed to its end.
enum class CancelCause { kClient, kDeadline };

// How far it had come: still waiting for its first batch, or between two batches.
enum class CancelStage { kQueue, kCompute };

// Why a batch took no more sequences.
enum class CloseReason {
  kWorkerIdle,   // nothing else was waiting
  kTokenBudget,  // the next sequence would not have fitted
  kOtherModel,   // the next sequence was of a call for another model, old or new
};

// Requests and tokens somewhere at one moment.
struct Load {
  int64_t requests = 0;
  int64_t tokens = 0;
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
  // `queued`: accepted and not computed to their end, the ones in the running batch left out. `running`: in that batch.
  virtual void OnLoadChanged(Load queued, Load running) = 0;
  virtual void OnCancelled(Method method, CancelStage stage, CancelCause cause) = 0;
  virtual void OnBatchStarted(const BatchReport& batch) = 0;
  // An accepted request was computed to its end. `total` runs from acceptance to now.
  virtual void OnCompleted(const Request& request, absl::Duration total) = 0;
};

}  // namespace attnd

#endif  // SERVER_SCHEDULING_EVENTS_H_
