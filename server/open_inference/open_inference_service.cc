#include "server/open_inference/open_inference_service.h"

#include <utility>

#include "server/open_inference/infer_decoder.h"
#include "server/open_inference/infer_items.h"
#include "server/open_inference/input_tensors.h"
#include "server/open_inference/model_description.h"
#include "server/open_inference/model_version.h"
#include "server/rpc/served_decode.h"
#include "server/rpc/stream_call.h"
#include "server/rpc/unary_call.h"

namespace attnd {

OpenInferenceService::OpenInferenceService(const CallLimits& limits, const ModelStore& models,
                                           const HealthState& health, Scheduler& scheduler, TextWorker& text_worker,
                                           OpenStreams& open_streams, const CallEnvironment& environment)
    : limits_(limits),
      models_(models),
      health_(health),
      scheduler_(scheduler),
      text_worker_(text_worker),
      open_streams_(open_streams),
      environment_(environment) {
  SetMessageAllocatorFor_ModelInfer(&infer_messages_);
}

grpc::ServerUnaryReactor* OpenInferenceService::ServerLive(grpc::CallbackServerContext* context,
                                                           const inference::ServerLiveRequest* /*message*/,
                                                           inference::ServerLiveResponse* reply) {
  return Answer(RpcMethod::kServerLive, *context, [reply] {
    reply->set_live(true);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* OpenInferenceService::ServerReady(grpc::CallbackServerContext* context,
                                                            const inference::ServerReadyRequest* /*message*/,
                                                            inference::ServerReadyResponse* reply) {
  return Answer(RpcMethod::kServerReady, *context, [this, reply] {
    reply->set_ready(health_.IsServing());
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* OpenInferenceService::ModelReady(grpc::CallbackServerContext* context,
                                                           const inference::ModelReadyRequest* message,
                                                           inference::ModelReadyResponse* reply) {
  return Answer(RpcMethod::kModelReady, *context, [this, message, reply]() -> absl::Status {
    const auto model = FindModel(message->name(), message->version());
    // Not loaded yet, and so not ready.
    if (absl::IsUnavailable(model.status())) return absl::OkStatus();
    reply->set_ready(model.ok() && health_.IsServing());
    // Nobody shows a key for this: where others need one, what is served is not told.
    const bool is_told = environment_.authenticator == nullptr;
    return model.ok() || is_told ? model.status() : absl::NotFoundError("no such model is served here");
  });
}

grpc::ServerUnaryReactor* OpenInferenceService::ServerMetadata(grpc::CallbackServerContext* context,
                                                               const inference::ServerMetadataRequest* /*message*/,
                                                               inference::ServerMetadataResponse* reply) {
  return Answer(RpcMethod::kServerMetadata, *context, [reply] {
    EncodeServerMetadata(*reply);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* OpenInferenceService::ModelMetadata(grpc::CallbackServerContext* context,
                                                              const inference::ModelMetadataRequest* message,
                                                              inference::ModelMetadataResponse* reply) {
  return Answer(RpcMethod::kModelMetadata, *context, [this, message, reply] {
    const auto model = FindModel(message->name(), message->version());
    if (model.ok()) EncodeModelMetadata(**model, *reply);
    return model.status();
  });
}

grpc::ServerUnaryReactor* OpenInferenceService::ModelInfer(grpc::CallbackServerContext* context,
                                                           const inference::ModelInferRequest* message,
                                                           inference::ModelInferResponse* reply) {
  auto* call = new UnaryCall(RpcMethod::kModelInfer, *context, environment_);
  const auto form = std::make_shared<InferReplyForm>(BeginReplyForm(*message));
  call->Submit(
      SizeOfMessage(*message, TextByteCount(*message)), text_worker_,
      [this, message, form, arrived_at = environment_.clock.Now()] { return Decode(*message, arrived_at, *form); },
      scheduler_, [form, reply](const Request& request) { EncodeInfer(request, *form, *reply); });
  return call;
}

grpc::ServerBidiReactor<inference::ModelInferRequest, inference::ModelStreamInferResponse>*
OpenInferenceService::ModelStreamInfer(grpc::CallbackServerContext* context) {
  return StreamCall<InferItems>::Start(
      {.method = RpcMethod::kModelStreamInfer,
       .decode = [this](const inference::ModelInferRequest& item, absl::Time arrived_at,
                        InferItems::Tag& tag) { return Decode(item, arrived_at, tag.form); },
       .encode =
           [](const Request& request, const InferItems::Tag& tag, inference::ModelStreamInferResponse& reply) {
             EncodeInfer(request, tag.form, *reply.mutable_infer_response());
           },
       .text_worker = text_worker_},
      {.max_items = limits_.max_stream_items, .max_reply_bytes = limits_.max_reply_bytes}, *context, scheduler_,
      open_streams_, environment_);
}

grpc::ServerUnaryReactor* OpenInferenceService::ModelConfig(grpc::CallbackServerContext* context,
                                                            const inference::ModelConfigRequest* message,
                                                            inference::ModelConfigResponse* reply) {
  return Answer(RpcMethod::kModelConfig, *context, [this, message, reply] {
    const auto model = FindModel(message->name(), message->version());
    if (model.ok()) EncodeModelConfig(**model, limits_, *reply);
    return model.status();
  });
}

grpc::ServerUnaryReactor* OpenInferenceService::ModelStatistics(grpc::CallbackServerContext* context,
                                                                const inference::ModelStatisticsRequest* message,
                                                                inference::ModelStatisticsResponse* reply) {
  return Answer(RpcMethod::kModelStatistics, *context, [this, message, reply] {
    const auto model = message->name().empty() ? models_.Get() : FindModel(message->name(), message->version());
    if (model.ok()) EncodeModelStatistics(**model, environment_.metrics.statistics(), *reply);
    return model.status();
  });
}

grpc::ServerUnaryReactor* OpenInferenceService::RepositoryIndex(grpc::CallbackServerContext* context,
                                                                const inference::RepositoryIndexRequest* message,
                                                                inference::RepositoryIndexResponse* reply) {
  return Answer(RpcMethod::kRepositoryIndex, *context, [this, message, reply] {
    const auto model = models_.Get();
    const bool ready = health_.IsServing();
    const bool listed = message->repository_name().empty() && (ready || !message->ready());
    if (model.ok() && listed) EncodeModelIndex(**model, ready, *reply);
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* OpenInferenceService::Answer(RpcMethod method, grpc::CallbackServerContext& context,
                                                       Answerer answer) {
  auto* call = new UnaryCall(method, context, environment_);
  call->Answer(MessageSize(), text_worker_, std::move(answer));
  return call;
}

absl::StatusOr<std::shared_ptr<const ServedModel>> OpenInferenceService::FindModel(const std::string& name,
                                                                                   const std::string& version) const {
  auto model = models_.Get();
  if (!model.ok()) return model;
  if (absl::Status status = CheckServes(**model, name, version); !status.ok()) return status;
  return model;
}

absl::StatusOr<std::shared_ptr<Request>> OpenInferenceService::Decode(const inference::ModelInferRequest& message,
                                                                      absl::Time arrived_at,
                                                                      InferReplyForm& form) const {
  const auto decode = [&](const ServedModel& model) -> absl::StatusOr<std::shared_ptr<Request>> {
    if (absl::Status status = CheckServes(model, message.model_name(), message.model_version()); !status.ok()) {
      return status;
    }
    return InferDecoder(model.config(), model.tokenizer, limits_, arrived_at).Decode(message, form);
  };
  return DecodeForServedModel(ScheduledMethod(message), models_, environment_, decode);
}

}  // namespace attnd
