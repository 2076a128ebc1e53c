// One unary call, from its arrival to its status.

#ifndef SERVER_RPC_UNARY_CALL_H_
#define SERVER_RPC_UNARY_CALL_H_

#include <grpcpp/grpcpp.h>

#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/rpc/call_scope.h"
#include "server/scheduling/scheduler.h"
#include "server/telemetry/metrics.h"

namespace attnd {

// Deletes itself once gRPC is done with it.
// Threads: gRPC's and the batcher's.
class UnaryCall final : public grpc::ServerUnaryReactor {
 public:
  using Decode = absl::FunctionRef<absl::StatusOr<std::shared_ptr<Request>>()>;
  using Encode = absl::AnyInvocable<void(const Request&)>;

  // `context` must outlive the call.
  UnaryCall(RpcMethod method, grpc::CallbackServerContext& context, const CallEnvironment& environment)
      : scope_(method, context, environment) {
    scope_.CountMessageReceived();
  }

  // One of the next two, once. A caller who may not make the call is told so instead.

  // Puts what `decode` makes of the message in the queue; `encode` writes the reply once it is computed.
  void Submit(Decode decode, Scheduler& scheduler, Encode encode);

  // Ends the call at once: `answer` writes the reply, or says why there is none.
  void Answer(absl::FunctionRef<absl::Status()> answer);

 private:
  // Ends the call. It must not be touched afterwards.
  void Complete(const absl::Status& status, Stage stage);

  void OnCancel() override;
  void OnDone() override;

  CallScope scope_;
  std::shared_ptr<Request> request_;
  Scheduler* accepted_by_ = nullptr;
};

}  // namespace attnd

#endif  // SERVER_RPC_UNARY_CALL_H_
