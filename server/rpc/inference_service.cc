#include "server/rpc/inference_service.h"

#include <chrono>
#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/rpc/peer.h"
#include "server/rpc/reply_encoder.h"
#include "server/rpc/request_decoder.h"
#include "server/rpc/status.h"
#include "server/version.h"

namespace attnd {
namespace {

// One call, from its arrival to its status: counted at both ends. Deletes itself once gRPC is done with it.
class CallReactor final : public grpc::ServerUnaryReactor {
 public:
  CallReactor(RpcMethod method, const grpc::CallbackServerContext& context, const Clock& clock, Metrics& metrics)
      : method_(method), context_(context), clock_(clock), metrics_(metrics), started_at_(clock.Now()) {
    metrics_.OnRpcStarted(method_);
  }

  // Puts `request`, which was checked against `model`, in the queue; `encode` writes the reply once it is computed.
  void Submit(std::shared_ptr<const ServedModel> model, absl::StatusOr<std::shared_ptr<Request>> request,
              Scheduler& scheduler, absl::AnyInvocable<void(const Request&)> encode) {
    if (!request.ok()) return Complete(request.status());
    request_ = *std::move(request);
    request_->model = std::move(model);
    request_->caller = PeerHost(context_.peer());
    request_->deadline = absl::FromChrono(context_.deadline());
    request_->done = [this, encode = std::move(encode)](const absl::Status& status) mutable {
      const absl::Status outcome = status.ok() ? CheckAwaited() : status;
      if (outcome.ok()) encode(*request_);
      // The reply may take its time to leave; nothing else shall.
      request_->outputs = {};
      request_->model = nullptr;
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

InferenceService::InferenceService(const CallLimits& limits, const ModelStore& models, Scheduler& scheduler,
                                   const Clock& clock, Metrics& metrics)
    : limits_(limits), models_(models), scheduler_(scheduler), clock_(clock), metrics_(metrics) {}

grpc::ServerUnaryReactor* InferenceService::Forward(grpc::CallbackServerContext* context,
                                                    const v1::ForwardRequest* message, v1::ForwardResponse* reply) {
  auto* call = new CallReactor(RpcMethod::kForward, *context, clock_, metrics_);
  const auto model = models_.Get();
  if (model.ok()) {
    call->Submit(*model, RequestDecoder((*model)->config(), limits_).DecodeForward(*message), scheduler_,
                 [reply](const Request& request) { EncodeForward(request, request.model->config(), *reply); });
  } else {
    call->Complete(model.status());
  }
  return call;
}

grpc::ServerUnaryReactor* InferenceService::Embed(grpc::CallbackServerContext* context, const v1::EmbedRequest* message,
                                                  v1::EmbedResponse* reply) {
  auto* call = new CallReactor(RpcMethod::kEmbed, *context, clock_, metrics_);
  const auto model = models_.Get();
  if (model.ok()) {
    call->Submit(*model, RequestDecoder((*model)->config(), limits_).DecodeEmbed(*message), scheduler_,
                 [reply](const Request& request) { EncodeEmbed(request, request.model->config(), *reply); });
  } else {
    call->Complete(model.status());
  }
  return call;
}

grpc::ServerUnaryReactor* InferenceService::GetModel(grpc::CallbackServerContext* context,
                                                     const v1::GetModelRequest* /*message*/,
                                                     v1::GetModelResponse* reply) {
  auto* call = new CallReactor(RpcMethod::kGetModel, *context, clock_, metrics_);
  const auto model = models_.Get();
  if (model.ok()) {
    EncodeModel({.name = (*model)->name,
                 .version = (*model)->version,
                 .server_version = kVersion,
                 .engine = (*model)->info(),
                 .limits = limits_},
                *reply);
  }
  call->Complete(model.status());
  return call;
}

}  // namespace attnd
