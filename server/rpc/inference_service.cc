#include "server/rpc/inference_service.h"

#include <utility>

#include "server/rpc/reply_encoder.h"
#include "server/rpc/stream_call.h"
#include "server/rpc/unary_call.h"
#include "server/version.h"

namespace attnd {

InferenceService::InferenceService(const CallLimits& limits, const ModelStore& models, Scheduler& scheduler,
                                   const Clock& clock, Metrics& metrics)
    : limits_(limits), models_(models), scheduler_(scheduler), clock_(clock), metrics_(metrics) {}

grpc::ServerUnaryReactor* InferenceService::Forward(grpc::CallbackServerContext* context,
                                                    const v1::ForwardRequest* message, v1::ForwardResponse* reply) {
  auto* call = new UnaryCall(RpcMethod::kForward, *context, clock_, metrics_);
  call->Submit([&] { return Decode(*message, &RequestDecoder::DecodeForward); }, scheduler_,
               [reply](const Request& request) { EncodeForward(request, request.model->config(), *reply); });
  return call;
}

grpc::ServerUnaryReactor* InferenceService::Embed(grpc::CallbackServerContext* context, const v1::EmbedRequest* message,
                                                  v1::EmbedResponse* reply) {
  auto* call = new UnaryCall(RpcMethod::kEmbed, *context, clock_, metrics_);
  call->Submit([&] { return Decode(*message, &RequestDecoder::DecodeEmbed); }, scheduler_,
               [reply](const Request& request) { EncodeEmbed(request, request.model->config(), *reply); });
  return call;
}

grpc::ServerUnaryReactor* InferenceService::GetModel(grpc::CallbackServerContext* context,
                                                     const v1::GetModelRequest* /*message*/,
                                                     v1::GetModelResponse* reply) {
  auto* call = new UnaryCall(RpcMethod::kGetModel, *context, clock_, metrics_);
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

grpc::ServerBidiReactor<v1::ForwardStreamRequest, v1::ForwardStreamResponse>* InferenceService::ForwardStream(
    grpc::CallbackServerContext* context) {
  const StreamMethod<v1::ForwardStreamRequest, v1::ForwardStreamResponse> method = {
      .method = RpcMethod::kForwardStream,
      .decode = [this](const auto& item) { return Decode(item, &RequestDecoder::DecodeForwardItem); },
      .encode = &EncodeForwardItem};
  return StreamCall<v1::ForwardStreamRequest, v1::ForwardStreamResponse>::Start(
      method, stream_limits(), *context, scheduler_, open_streams_, clock_, metrics_);
}

grpc::ServerBidiReactor<v1::EmbedStreamRequest, v1::EmbedStreamResponse>* InferenceService::EmbedStream(
    grpc::CallbackServerContext* context) {
  const StreamMethod<v1::EmbedStreamRequest, v1::EmbedStreamResponse> method = {
      .method = RpcMethod::kEmbedStream,
      .decode = [this](const auto& item) { return Decode(item, &RequestDecoder::DecodeEmbedItem); },
      .encode = &EncodeEmbedItem};
  return StreamCall<v1::EmbedStreamRequest, v1::EmbedStreamResponse>::Start(
      method, stream_limits(), *context, scheduler_, open_streams_, clock_, metrics_);
}

template <typename Message>
absl::StatusOr<std::shared_ptr<Request>> InferenceService::Decode(const Message& message,
                                                                  DecodeMethod<Message> decode) const {
  auto model = models_.Get();
  if (!model.ok()) return model.status();
  auto request = (RequestDecoder((*model)->config(), limits_).*decode)(message);
  if (request.ok()) (*request)->model = *std::move(model);
  return request;
}

}  // namespace attnd
