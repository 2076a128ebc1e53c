// What every call has, unary or stream: an id, the time it came, and one way to end.

#ifndef SERVER_RPC_CALL_SCOPE_H_
#define SERVER_RPC_CALL_SCOPE_H_

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/logging/call_record.h"
#include "server/scheduling/clock.h"
#include "server/scheduling/request.h"
#include "server/telemetry/metrics.h"

namespace attnd {

// What every service is given to serve calls with. Must outlive them.
struct CallEnvironment {
  const Clock& clock;
  Metrics& metrics;
};

// Counted at both ends. Threads: End by one, the rest by any.
class CallScope {
 public:
  // `context` must outlive the scope.
  CallScope(RpcMethod method, grpc::CallbackServerContext& context, const CallEnvironment& environment);

  // At each message.
  void CountMessageReceived() { metrics_.OnMessageReceived(method_); }
  void CountMessageSent() { metrics_.OnMessageSent(method_); }

  // Begins the end of the call with `status`: what is returned is for gRPC's Finish. A failure is logged. Call once.
  grpc::Status End(const absl::Status& status, Stage stage, int64_t tokens);

  // Logs the failure of an item of a stream.
  void LogItem(uint64_t item_id, const absl::Status& status, Stage stage, int64_t tokens, absl::Time arrived_at) const;

  // Writes a reply with `encode`, or says why there is none. `computed` is what the scheduler says of `request`, which
  // it is done with; its outputs and its model are let go.
  absl::Status Reply(const absl::Status& computed, Request& request,
                     absl::FunctionRef<void(const Request&)> encode) const;

  // OK while the caller can still receive a reply, else what gRPC has told them instead.
  absl::Status CheckAwaited() const;

  absl::Time deadline() const;
  absl::Time Now() const { return clock_.Now(); }
  const std::string& request_id() const { return request_id_; }
  // Whose share of the engine the call is computed from.
  const std::string& caller() const { return caller_; }

 private:
  void Log(CallRecord record, absl::Time arrived_at) const;

  const RpcMethod method_;
  grpc::CallbackServerContext& context_;
  const Clock& clock_;
  Metrics& metrics_;
  const absl::Time started_at_;
  const std::string request_id_;
  const std::string caller_;
  const std::string trace_id_;
};

// Where `request` failed, given what the scheduler said of it.
Stage StageOf(const absl::Status& computed, const Request& request);

}  // namespace attnd

#endif  // SERVER_RPC_CALL_SCOPE_H_
