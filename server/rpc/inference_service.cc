#include "server/rpc/inference_service.h"

#include <chrono>
#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/rpc/peer.h"
#include "server/rpc/status.h"

namespace attnd {
namespace {

// One call, from its arrival to its status: counted at both ends. Deletes itself once gRPC is done with it.
class CallReactor final : public grpc::ServerUnaryReactor {
 public:
  CallReactor(RpcMethod method, const grpc::CallbackServerContext& context, const Clock& clock, Metrics& metrics)
      : method_(method), context_(context), clock_(clock), metrics_(metrics), started_at_(clock.Now()) {
    metrics_.OnRpcStarted(method_);
  }

  // Puts `request` in the queue; `encode` writes the reply once it is computed.
  void Submit(absl::StatusOr<std::shared_ptr<Request>> request, Scheduler& scheduler,
              absl::AnyInvocable<void(const Request&)> encode) {
    if (!request.ok()) return Complete(request.status());
    request_ = *std::move(request);
    request_->caller = PeerHost(context_.peer());
    request_->deadline = absl::FromChrono(context_.deadline());
    request_->done = [this, encode = std::move(encode)](const absl::Status& status) mutable {
      const absl::Status outcome = status.ok() ? CheckAwaited() : status;
      if (outcome.ok()) encode(*request_);
      request_->outputs = {};
      Complete(outcome);
    };
    accepted_by_ = &scheduler;
    // From here on `done` may run at any moment, on the batcher's thread.
    if (absl::Status status = scheduler.Submit(request_); !status.ok()) {
      accepted_by_ = nullptr;
      Complete(status);
    }
  }

  void Complete(const absl::Status& status) {
    metrics_.OnRpcHandled(method_, status.code(), clock_.Now() - started_at_);
    Finish(ToGrpcStatus(status));
  }

 private:
  // OK while the caller can still receive a reply, else what gRPC has told them instead.
  absl::Status CheckAwaited() const {
    if (request_->deadline <= clock_.Now()) {
      return absl::DeadlineExceededError("the deadline passed while the call was computed");
    }
    if (context_.IsCancelled()) return absl::CancelledError("cancelled by the caller while it was computed");
    return absl::OkStatus();
  }

  void OnCancel() override {
    if (accepted_by_ != nullptr) accepted_by_->Cancel(*request_);
  }

  void OnDone() override {
    if (accepted_by_ != nullptr) accepted_by_->ReleaseReply(*request_);
    delete this;
  }

  const RpcMethod method_;
  const grpc::CallbackServerContext& context_;
  const Clock& clock_;
  Metrics& metrics_;
  const absl::Time started_at_;
  std::shared_ptr<Request> request_;
  Scheduler* accepted_by_ = nullptr;
};

}  // namespace

InferenceService::InferenceService(const ModelDescription& model, Scheduler& scheduler, const Clock& clock,
                                   Metrics& metrics)
    : model_(model),
      decoder_(model.engine.config, model.limits),
      scheduler_(scheduler),
      clock_(clock),
      metrics_(metrics) {}

grpc::ServerUnaryReactor* InferenceService::Forward(grpc::CallbackServerContext* context,
                                                    const v1::ForwardRequest* message, v1::ForwardResponse* reply) {
  auto* call = new CallReactor(RpcMethod::kForward, *context, clock_, metrics_);
  call->Submit(decoder_.DecodeForward(*message), scheduler_,
               [this, reply](const Request& request) { EncodeForward(request, model_.engine.config, *reply); });
  return call;
}

grpc::ServerUnaryReactor* InferenceService::Embed(grpc::CallbackServerContext* context, const v1::EmbedRequest* message,
                                                  v1::EmbedResponse* reply) {
  auto* call = new CallReactor(RpcMethod::kEmbed, *context, clock_, metrics_);
  call->Submit(decoder_.DecodeEmbed(*message), scheduler_,
               [this, reply](const Request& request) { EncodeEmbed(request, model_.engine.config, *reply); });
  return call;
}

grpc::ServerUnaryReactor* InferenceService::GetModel(grpc::CallbackServerContext* context,
                                                     const v1::GetModelRequest* /*message*/,
                                                     v1::GetModelResponse* reply) {
  auto* call = new CallReactor(RpcMethod::kGetModel, *context, clock_, metrics_);
  EncodeModel(model_, *reply);
  call->Complete(absl::OkStatus());
  return call;
}

}  // namespace attnd
