// One call on its way through the scheduler.

#ifndef SERVER_SCHEDULING_REQUEST_H_
#define SERVER_SCHEDULING_REQUEST_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "engine/engine.h"
#include "server/scheduling/reply_format.h"
#include "server/scheduling/served_model.h"

namespace attnd {

// The methods that are scheduled.
enum class Method { kForward, kEmbed };

// Who goes first, most urgent first. server/scheduling/policy.h says how far.
enum class Priority { kCritical, kHigh, kNormal, kLow };
inline constexpr int kPriorityCount = 4;

// Where the time of a request went, and what it shared its batches with.
struct RequestTiming {
  absl::Duration queue;    // acceptance to the start of its first batch
  absl::Duration compute;  // sum over its batches
  int64_t batch_tokens = 0;
  int64_t batch_requests = 0;
  int64_t batch_count = 0;
};

// Owns its inputs and outputs. The caller fills the first block and calls Scheduler::Submit; from then on the
// scheduler and the batchers alone touch it, until `done` is called, exactly once: on the thread of the batcher that
// computed the last of it, else on the thread that found that it need not be computed, Scheduler::Cancel's included.
// Threads: cancelled by any; the rest by its present owner.
struct Request {
  Method method = Method::kForward;
  std::shared_ptr<const ServedModel> model;  // it was checked against, and is computed by, whatever is served meanwhile
  std::vector<SequenceInput> inputs;
  std::vector<int64_t> truncated_from;  // one for each input: tokens of a text that was cut, else 0
  OutputSelection selection;
  ReplyFormat format;
  Priority priority = Priority::kNormal;
  std::string caller;  // whose share of the engine it is computed from; empty: unknown
  absl::Time deadline = absl::InfiniteFuture();
  int64_t reply_bytes = 0;  // what its results or their reply will take, whichever is more, at most
  // Receives OK once every output is computed, else why it was not.
  absl::AnyInvocable<void(absl::Status)> done;

  std::vector<SequenceOutput> outputs;  // one for each input once done(OK) is called
  RequestTiming timing;
  absl::Time accepted_at;

  int64_t token_count() const {
    int64_t count = 0;
    for (const SequenceInput& input : inputs) count += input.token_count;
    return count;
  }

  // Nobody waits for the result any more, or it will not be given. Set by Scheduler::Cancel and Abort.
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

 private:
  friend class Scheduler;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace attnd

#endif  // SERVER_SCHEDULING_REQUEST_H_
