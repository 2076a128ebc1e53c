// One unary call, from its arrival to its status.

#ifndef SERVER_RPC_UNARY_CALL_H_
#define SERVER_RPC_UNARY_CALL_H_

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "server/rpc/call_scope.h"
#include "server/rpc/text_worker.h"
#include "server/scheduling/scheduler.h"
#include "server/telemetry/metrics.h"

namespace attnd {

// Deletes itself once gRPC is done with it.
// Threads: gRPC's, the text worker's and the batcher's.
class UnaryCall final : public grpc::ServerUnaryReactor {
 public:
  using Decode = absl::AnyInvocable<absl::StatusOr<std::shared_ptr<Request>>()>;
  using Answerer = absl::AnyInvocable<absl::Status()>;
  using Encode = absl::AnyInvocable<void(const Request&)>;

  // `context` must outlive the call.
  UnaryCall(RpcMethod method, grpc::CallbackServerContext& context, const CallEnvironment& environment)
      : messages_(*context.GetRpcAllocatorState()), scope_(method, context, environment) {
    scope_.CountMessageReceived();
  }

  // One of the next two, once. A caller who may not make the call is told so instead. `worker`, which must outlive the
  // call, is where a message with much text is dealt with. The message must not be used afterwards: it may be freed.

  // Puts what `decode` makes of the message in the queue; `encode` writes the reply once it is computed.
  void Submit(const MessageSize& size, TextWorker& worker, Decode decode, Scheduler& scheduler, Encode encode);

  // Ends the call: `answer` writes the reply, or says why there is none.
  void Answer(const MessageSize& size, TextWorker& worker, Answerer answer);

  // For an Answerer whose reply may be large: so many bytes of it are pending until it has left, in place of those of
  // an earlier call of this. `scheduler`, which keeps count, must outlive the call. Errors: those of
  // Scheduler::HoldReplyBytes; fewer bytes than before are no error.
  absl::Status HoldReplyBytes(int64_t byte_count, Scheduler& scheduler);

 private:
  // Runs `work`, unless the call ends before.
  void RunWork(const MessageSize& size, TextWorker& worker, absl::AnyInvocable<void()> work);

  void DecodeAndSubmit(Decode& decode, Scheduler& scheduler, Encode encode);

  // Ends the call, whose request the scheduler does not have. It must not be touched afterwards.
  void Refuse(const absl::Status& status, Request& request);

  // Ends the call. It must not be touched afterwards.
  void Complete(const absl::Status& status, Stage stage);

  void OnCancel() override;
  void OnDone() override;

  grpc::RpcAllocatorState& messages_;
  CallScope scope_;
  absl::Mutex mutex_;                 // for OnCancel, which may come while the text worker is at the call
  std::shared_ptr<Request> request_;  // written under mutex_
  Scheduler* accepted_by_ ABSL_GUARDED_BY(mutex_) = nullptr;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;  // nothing is left to cancel
  Scheduler* reply_bytes_held_by_ = nullptr;
  int64_t reply_bytes_ = 0;  // held by it
};

}  // namespace attnd

#endif  // SERVER_RPC_UNARY_CALL_H_
