// attnd.v1.InferenceService: what becomes of each method's messages. Nothing here computes or waits but for text, which
// becomes tokens here.

#ifndef SERVER_RPC_INFERENCE_SERVICE_H_
#define SERVER_RPC_INFERENCE_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include <memory>

#include "absl/status/statusor.h"
#include "attnd/v1/inference.grpc.pb.h"
#include "server/lifecycle/model_store.h"
#include "server/rpc/call_limits.h"
#include "server/rpc/call_scope.h"
#include "server/rpc/freeable_messages.h"
#include "server/rpc/open_streams.h"
#include "server/rpc/request_decoder.h"
#include "server/rpc/stream_call.h"
#include "server/rpc/text_worker.h"
#include "server/scheduling/scheduler.h"
#include "server/telemetry/metrics.h"

namespace attnd {

// Threads: gRPC's own, any number.
class InferenceService final : public v1::InferenceService::CallbackService {
 public:
  // The arguments but `limits` must outlive the service.
  InferenceService(const CallLimits& limits, const ModelStore& models, Scheduler& scheduler, TextWorker& text_worker,
                   OpenStreams& open_streams, const CallEnvironment& environment);

  grpc::ServerUnaryReactor* Forward(grpc::CallbackServerContext* context, const v1::ForwardRequest* message,
                                    v1::ForwardResponse* reply) override;
  grpc::ServerUnaryReactor* Embed(grpc::CallbackServerContext* context, const v1::EmbedRequest* message,
                                  v1::EmbedResponse* reply) override;
  grpc::ServerUnaryReactor* Tokenize(grpc::CallbackServerContext* context, const v1::TokenizeRequest* message,
                                     v1::TokenizeResponse* reply) override;
  grpc::ServerUnaryReactor* Detokenize(grpc::CallbackServerContext* context, const v1::DetokenizeRequest* message,
                                       v1::DetokenizeResponse* reply) override;
  grpc::ServerUnaryReactor* GetModel(grpc::CallbackServerContext* context, const v1::GetModelRequest* message,
                                     v1::GetModelResponse* reply) override;

  grpc::ServerBidiReactor<v1::ForwardStreamRequest, v1::ForwardStreamResponse>* ForwardStream(
      grpc::CallbackServerContext* context) override;
  grpc::ServerBidiReactor<v1::EmbedStreamRequest, v1::EmbedStreamResponse>* EmbedStream(
      grpc::CallbackServerContext* context) override;

 private:
  template <typename Message>
  using DecodeMethod = absl::StatusOr<std::shared_ptr<Request>> (RequestDecoder::*)(const Message&) const;

  // Checks `message` against the model being served. UNAVAILABLE while there is none.
  template <typename Message>
  absl::StatusOr<std::shared_ptr<Request>> Decode(RpcMethod method, const Message& message,
                                                  DecodeMethod<Message> decode) const;

  template <typename Item, typename Reply>
  grpc::ServerBidiReactor<Item, Reply>* StartStream(RpcMethod method, grpc::CallbackServerContext& context,
                                                    DecodeMethod<Item> decode, void (*encode)(const Request&, Reply&),
                                                    MessagesAhead<Reply> (*split)(Request&));

  const CallLimits limits_;
  const ModelStore& models_;
  Scheduler& scheduler_;
  TextWorker& text_worker_;
  OpenStreams& open_streams_;
  const CallEnvironment environment_;
  FreeableMessages<v1::ForwardRequest, v1::ForwardResponse> forward_messages_;
  FreeableMessages<v1::EmbedRequest, v1::EmbedResponse> embed_messages_;
  FreeableMessages<v1::TokenizeRequest, v1::TokenizeResponse> tokenize_messages_;
  FreeableMessages<v1::DetokenizeRequest, v1::DetokenizeResponse> detokenize_messages_;
};

}  // namespace attnd

#endif  // SERVER_RPC_INFERENCE_SERVICE_H_
