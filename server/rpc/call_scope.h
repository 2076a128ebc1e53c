// What every call has, unary or stream: an id, the time it came, somebody who made it, and one way to end.

#ifndef SERVER_RPC_CALL_SCOPE_H_
#define SERVER_RPC_CALL_SCOPE_H_

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/logging/call_record.h"
#include "server/scheduling/clock.h"
#include "server/scheduling/request.h"
#include "server/scheduling/scheduler.h"
#include "server/security/authenticator.h"
#include "server/telemetry/metrics.h"

namespace attnd {

// What every service is given to serve calls with. Must outlive them.
struct CallEnvironment {
  const Clock& clock;
  Metrics& metrics;
  const Authenticator* authenticator = nullptr;  // null: anybody may call
};

// Counted at both ends. Threads: End by one, the rest by any.
class CallScope {
 public:
  // `context` must outlive the scope.
  CallScope(RpcMethod method, grpc::CallbackServerContext& context, const CallEnvironment& environment);

  // OK when its caller may make the call, else what to end it with, before anything of it is looked at.
  const absl::Status& admission() const { return admission_; }

  // Where the call, or an item of it, is refused for that.
  void CountRefused(CallRefusal refusal) const { metrics_.OnCallRefused(method_, refusal); }
  // Where the text worker refuses it.
  void CountRefusedText(const absl::Status& refusal) const {
    CountRefused(absl::IsUnavailable(refusal) ? CallRefusal::kDraining : CallRefusal::kTextBytes);
  }

  // At each message.
  void CountMessageReceived() { metrics_.OnMessageReceived(method_); }
  void CountMessageSent() { metrics_.OnMessageSent(method_); }

  // Hands `request` to the scheduler for the call's caller, out of whose rate its tokens are taken, and until the
  // call's deadline if that is before its own. Errors: those of Authenticator::Charge and Scheduler::Submit.
  absl::Status Submit(const std::shared_ptr<Request>& request, Scheduler& scheduler) const;

  // Begins the end of the call with `status`: what is returned is for gRPC's Finish. A failure is logged. Call once.
  grpc::Status End(const absl::Status& status, Stage stage, int64_t tokens);

  // Logs the failure of an item of a stream.
  void LogItem(uint64_t item_id, const absl::Status& status, Stage stage, int64_t tokens, absl::Time arrived_at) const;

  // Writes a reply with `encode`, or says why there is none. `computed` is what the scheduler says of `request`, which
  // it is done with; what it holds is let go.
  absl::Status Reply(const absl::Status& computed, Request& request,
                     absl::FunctionRef<void(const Request&)> encode) const;

  // OK while the caller can still receive a reply, else what gRPC has told them instead.
  absl::Status CheckAwaited() const { return CheckAwaited(deadline()); }

  absl::Time deadline() const;
  absl::Time Now() const { return clock_.Now(); }
  const std::string& request_id() const { return request_id_; }
  // Who calls: the id of the API key, else the host. Callers have equal shares of the engine.
  const std::string& caller() const { return key_ ? key_->key_id : peer_; }

 private:
  absl::Status CheckAwaited(absl::Time deadline) const;
  absl::Status Authenticate();
  // Takes the tokens of a call from the rate of its key.
  absl::Status Charge(int64_t token_count) const;
  // Counts a refusal of the authenticator's.
  absl::Status CountRefusal(absl::Status status) const;
  void Log(CallRecord record, absl::Time arrived_at) const;

  const RpcMethod method_;
  grpc::CallbackServerContext& context_;
  const Clock& clock_;
  Metrics& metrics_;
  const Authenticator* const authenticator_;
  const absl::Time started_at_;
  const std::string request_id_;
  const std::string peer_;
  const std::string trace_id_;
  std::optional<Caller> key_;
  const absl::Status admission_;
};

// Frees what a request that is done, or was refused, holds; lengths of its inputs stay.
void LetGo(Request& request);

// Where `request` failed, given what the scheduler said of it.
Stage StageOf(const absl::Status& computed, const Request& request);

}  // namespace attnd

#endif  // SERVER_RPC_CALL_SCOPE_H_
