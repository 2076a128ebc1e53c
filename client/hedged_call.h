// A unary call that is made a second time when it is not answered soon. For client.cc.

#ifndef CLIENT_HEDGED_CALL_H_
#define CLIENT_HEDGED_CALL_H_

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/status.h"
#include "grpcpp/alarm.h"
#include "grpcpp/client_context.h"

namespace attnd::client {

// What there is after the first call counts, which is an answer, or an error that the second would have, too. An error
// of a server that has no room or ends does not count while the other call is under way. `callback` gets it once both
// calls have ended, of which the other is cancelled: nothing of theirs outlives the client then.
//
// Threads: callbacks of gRPC's. Owns: itself, until both calls and the timer have ended.
template <typename Request, typename Response>
class HedgedCall {
 public:
  using Contexts = std::array<std::unique_ptr<grpc::ClientContext>, 2>;
  using Callback = absl::AnyInvocable<void(absl::StatusOr<Response>)>;
  // Makes a call, from any thread. What it is given lasts until the function is called.
  using Start = absl::AnyInvocable<void(grpc::ClientContext*, const Request*, Response*,
                                        std::function<void(grpc::Status)>) const>;

  static void Begin(Request request, Contexts contexts, Start start, absl::Duration delay, Callback callback) {
    auto* const call = new HedgedCall(std::move(request), std::move(contexts), std::move(start), std::move(callback));
    call->timer_.Set(absl::ToChronoTime(absl::Now() + delay), [call](bool passed) { call->OnTimer(passed); });
    call->StartAttempt(0);
  }

 private:
  HedgedCall(Request request, Contexts contexts, Start start, Callback callback)
      : request_(std::move(request)),
        start_(std::move(start)),
        contexts_(std::move(contexts)),
        callback_(std::move(callback)) {}

  void StartAttempt(size_t number) {
    start_(contexts_[number].get(), &request_, &responses_[number],
           [this, number](const grpc::Status& status) { OnAnswer(number, status); });
  }

  void OnTimer(bool passed) {
    bool second = false;
    {
      const absl::MutexLock lock(&mutex_);
      second = passed && !answer_.has_value();
      running_[1] = second;
      if (second) ++open_calls_;
    }
    if (second) StartAttempt(1);
    bool last = false;
    {
      const absl::MutexLock lock(&mutex_);
      timer_open_ = false;
      last = open_calls_ == 0;
    }
    if (last) delete this;
  }

  void OnAnswer(size_t number, const grpc::Status& status) {
    if (Decide(number, status)) {
      timer_.Cancel();
      if (OtherRuns(number)) contexts_[1 - number]->TryCancel();
    }
    EndAttempt();
  }

  // Whether this is what counts.
  bool Decide(size_t number, const grpc::Status& status) {
    const absl::MutexLock lock(&mutex_);
    running_[number] = false;
    if (answer_.has_value()) return false;
    const absl::Status error = FromGrpcStatus(status);
    const bool other_may_do_better = absl::IsUnavailable(error) || absl::IsResourceExhausted(error);
    if (other_may_do_better && running_[1 - number]) return false;
    if (error.ok()) {
      answer_.emplace(std::move(responses_[number]));
    } else {
      answer_.emplace(error);
    }
    return true;
  }

  bool OtherRuns(size_t number) {
    const absl::MutexLock lock(&mutex_);
    return running_[1 - number];
  }

  // Delivers the answer after the last of the calls; the contexts, which hold the client's channel, are gone by then.
  void EndAttempt() {
    std::optional<absl::StatusOr<Response>> answer;
    Callback callback;
    bool last = false;
    {
      const absl::MutexLock lock(&mutex_);
      if (--open_calls_ > 0) return;
      answer = std::move(answer_);
      // So that a timer still to come starts nothing.
      answer_.emplace(absl::CancelledError());
      callback = std::move(callback_);
      for (std::unique_ptr<grpc::ClientContext>& context : contexts_) context.reset();
      last = !timer_open_;
    }
    if (last) delete this;
    callback(*std::move(answer));
  }

  const Request request_;
  const Start start_;
  grpc::Alarm timer_;
  Contexts contexts_;
  std::array<Response, 2> responses_;
  Callback callback_;

  absl::Mutex mutex_;
  std::array<bool, 2> running_ ABSL_GUARDED_BY(mutex_) = {true, false};  // not answered
  int open_calls_ ABSL_GUARDED_BY(mutex_) = 1;  // not answered, or whose answer is being looked at
  bool timer_open_ ABSL_GUARDED_BY(mutex_) = true;
  std::optional<absl::StatusOr<Response>> answer_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace attnd::client

#endif  // CLIENT_HEDGED_CALL_H_
