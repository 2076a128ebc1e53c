#include "server/rpc/inference_service.h"

#include <cstdint>
#include <utility>

#include "server/rpc/reply_encoder.h"
#include "server/rpc/result_chunks.h"
#include "server/rpc/served_decode.h"
#include "server/rpc/stream_call.h"
#include "server/rpc/stream_items.h"
#include "server/rpc/text_reply.h"
#include "server/rpc/unary_call.h"
#include "server/version.h"

namespace attnd {
namespace {

// What a call of `method`, or an item of its stream, is scheduled as.
Method ScheduledMethod(RpcMethod method) {
  return method == RpcMethod::kForward || method == RpcMethod::kForwardStream ? Method::kForward : Method::kEmbed;
}

MessagesAhead<v1::ForwardStreamResponse> SplitForwardItem(Request& request) {
  if (request.format.max_chunk_bytes == 0) return nullptr;
  return [chunks = ResultChunks(request, request.model->config())](v1::ForwardStreamResponse& message) mutable {
    return chunks.EncodeNext(message);
  };
}

}  // namespace

InferenceService::InferenceService(const CallLimits& limits, const ModelStore& models, Scheduler& scheduler,
                                   TextWorker& text_worker, OpenStreams& open_streams,
                                   const CallEnvironment& environment)
    : limits_(limits),
      models_(models),
      scheduler_(scheduler),
      text_worker_(text_worker),
      open_streams_(open_streams),
      environment_(environment) {
  SetMessageAllocatorFor_Forward(&forward_messages_);
  SetMessageAllocatorFor_Embed(&embed_messages_);
  SetMessageAllocatorFor_Tokenize(&tokenize_messages_);
  SetMessageAllocatorFor_Detokenize(&detokenize_messages_);
}

grpc::ServerUnaryReactor* InferenceService::Forward(grpc::CallbackServerContext* context,
                                                    const v1::ForwardRequest* message, v1::ForwardResponse* reply) {
  auto* call = new UnaryCall(RpcMethod::kForward, *context, environment_);
  call->Submit(
      SizeOfMessage(*message, TextByteCount(message->inputs())), text_worker_,
      [this, message] { return Decode(RpcMethod::kForward, *message, &RequestDecoder::DecodeForward); }, scheduler_,
      [reply](const Request& request) { EncodeForward(request, request.model->config(), *reply); });
  return call;
}

grpc::ServerUnaryReactor* InferenceService::Embed(grpc::CallbackServerContext* context, const v1::EmbedRequest* message,
                                                  v1::EmbedResponse* reply) {
  auto* call = new UnaryCall(RpcMethod::kEmbed, *context, environment_);
  call->Submit(
      SizeOfMessage(*message, TextByteCount(message->inputs())), text_worker_,
      [this, message] { return Decode(RpcMethod::kEmbed, *message, &RequestDecoder::DecodeEmbed); }, scheduler_,
      [reply](const Request& request) { EncodeEmbed(request, *reply); });
  return call;
}

grpc::ServerUnaryReactor* InferenceService::Tokenize(grpc::CallbackServerContext* context,
                                                     const v1::TokenizeRequest* message, v1::TokenizeResponse* reply) {
  auto* call = new UnaryCall(RpcMethod::kTokenize, *context, environment_);
  const auto text_bytes = static_cast<int64_t>(message->text().size() + message->text_bytes().size());
  call->Answer(SizeOfMessage(*message, text_bytes), text_worker_, [this, call, message, reply]() -> absl::Status {
    const auto model = models_.Get();
    const auto hold = [&](int64_t byte_count) { return call->HoldReplyBytes(byte_count, scheduler_); };
    return model.ok() ? AnswerTokenize(**model, *message, limits_, hold, *reply) : model.status();
  });
  return call;
}

grpc::ServerUnaryReactor* InferenceService::Detokenize(grpc::CallbackServerContext* context,
                                                       const v1::DetokenizeRequest* message,
                                                       v1::DetokenizeResponse* reply) {
  auto* call = new UnaryCall(RpcMethod::kDetokenize, *context, environment_);
  const MessageSize size = SizeOfMessage(*message, message->ids_size());
  call->Answer(size, text_worker_, [this, call, message, reply]() -> absl::Status {
    const auto model = models_.Get();
    const auto hold = [&](int64_t byte_count) { return call->HoldReplyBytes(byte_count, scheduler_); };
    return model.ok() ? AnswerDetokenize(**model, *message, limits_, hold, *reply) : model.status();
  });
  return call;
}

grpc::ServerUnaryReactor* InferenceService::GetModel(grpc::CallbackServerContext* context,
                                                     const v1::GetModelRequest* /*message*/,
                                                     v1::GetModelResponse* reply) {
  auto* call = new UnaryCall(RpcMethod::kGetModel, *context, environment_);
  call->Answer(MessageSize(), text_worker_, [this, reply] {
    const auto model = models_.Get();
    if (model.ok()) {
      EncodeModel({.name = (*model)->name,
                   .version = (*model)->version,
                   .server_version = kVersion,
                   .engine = (*model)->info(),
                   .worker_count = static_cast<int>((*model)->engines.size()),
                   .thread_count = (*model)->thread_count(),
                   .tokenizer_token_count = (*model)->tokenizer.ok() ? (*(*model)->tokenizer).token_count() : 0,
                   .limits = limits_},
                  *reply);
    }
    return model.status();
  });
  return call;
}

grpc::ServerBidiReactor<v1::ForwardStreamRequest, v1::ForwardStreamResponse>* InferenceService::ForwardStream(
    grpc::CallbackServerContext* context) {
  return StartStream(RpcMethod::kForwardStream, *context, &RequestDecoder::DecodeForwardItem, &EncodeForwardItem,
                     &SplitForwardItem);
}

grpc::ServerBidiReactor<v1::EmbedStreamRequest, v1::EmbedStreamResponse>* InferenceService::EmbedStream(
    grpc::CallbackServerContext* context) {
  return StartStream<v1::EmbedStreamRequest, v1::EmbedStreamResponse>(
      RpcMethod::kEmbedStream, *context, &RequestDecoder::DecodeEmbedItem, &EncodeEmbedItem, /*split=*/nullptr);
}

template <typename Item, typename Reply>
grpc::ServerBidiReactor<Item, Reply>* InferenceService::StartStream(RpcMethod method,
                                                                    grpc::CallbackServerContext& context,
                                                                    DecodeMethod<Item> decode,
                                                                    void (*encode)(const Request&, Reply&),
                                                                    MessagesAhead<Reply> (*split)(Request&)) {
  return StreamCall<NumberedItems<Item, Reply>>::Start(
      {.method = method,
       .decode = [this, method, decode](const Item& item, absl::Time /*arrived_at*/,
                                        uint64_t& /*id*/) { return Decode(method, item, decode); },
       .encode = [encode](const Request& request, uint64_t /*id*/, Reply& reply) { encode(request, reply); },
       .split = split,
       .text_worker = text_worker_},
      {.max_items = limits_.max_stream_items, .max_reply_bytes = limits_.max_reply_bytes}, context, scheduler_,
      open_streams_, environment_);
}

template <typename Message>
absl::StatusOr<std::shared_ptr<Request>> InferenceService::Decode(RpcMethod method, const Message& message,
                                                                  DecodeMethod<Message> decode) const {
  return DecodeForServedModel(ScheduledMethod(method), models_, environment_, [&](const ServedModel& model) {
    return (RequestDecoder(model.config(), model.tokenizer, limits_).*decode)(message);
  });
}

}  // namespace attnd
