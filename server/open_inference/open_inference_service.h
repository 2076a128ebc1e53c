// inference.GRPCInferenceService, the Open Inference Protocol: other messages for what attnd.v1 computes, on the same
// way through admission, scheduler and batchers.

#ifndef SERVER_OPEN_INFERENCE_OPEN_INFERENCE_SERVICE_H_
#define SERVER_OPEN_INFERENCE_OPEN_INFERENCE_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "inference/open_inference.grpc.pb.h"
#include "server/lifecycle/health_state.h"
#include "server/lifecycle/model_store.h"
#include "server/open_inference/infer_reply.h"
#include "server/rpc/call_limits.h"
#include "server/rpc/call_scope.h"
#include "server/rpc/freeable_messages.h"
#include "server/rpc/open_streams.h"
#include "server/rpc/text_worker.h"
#include "server/scheduling/scheduler.h"

namespace attnd {

// Threads: gRPC's own, any number.
class OpenInferenceService final : public inference::GRPCInferenceService::CallbackService {
 public:
  // The arguments but `limits` must outlive the service.
  OpenInferenceService(const CallLimits& limits, const ModelStore& models, const HealthState& health,
                       Scheduler& scheduler, TextWorker& text_worker, OpenStreams& open_streams,
                       const CallEnvironment& environment);

  grpc::ServerUnaryReactor* ServerLive(grpc::CallbackServerContext* context,
                                       const inference::ServerLiveRequest* message,
                                       inference::ServerLiveResponse* reply) override;
  grpc::ServerUnaryReactor* ServerReady(grpc::CallbackServerContext* context,
                                        const inference::ServerReadyRequest* message,
                                        inference::ServerReadyResponse* reply) override;
  grpc::ServerUnaryReactor* ModelReady(grpc::CallbackServerContext* context,
                                       const inference::ModelReadyRequest* message,
                                       inference::ModelReadyResponse* reply) override;
  grpc::ServerUnaryReactor* ServerMetadata(grpc::CallbackServerContext* context,
                                           const inference::ServerMetadataRequest* message,
                                           inference::ServerMetadataResponse* reply) override;
  grpc::ServerUnaryReactor* ModelMetadata(grpc::CallbackServerContext* context,
                                          const inference::ModelMetadataRequest* message,
                                          inference::ModelMetadataResponse* reply) override;
  grpc::ServerUnaryReactor* ModelInfer(grpc::CallbackServerContext* context,
                                       const inference::ModelInferRequest* message,
                                       inference::ModelInferResponse* reply) override;
  grpc::ServerBidiReactor<inference::ModelInferRequest, inference::ModelStreamInferResponse>* ModelStreamInfer(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* ModelConfig(grpc::CallbackServerContext* context,
                                        const inference::ModelConfigRequest* message,
                                        inference::ModelConfigResponse* reply) override;
  grpc::ServerUnaryReactor* ModelStatistics(grpc::CallbackServerContext* context,
                                            const inference::ModelStatisticsRequest* message,
                                            inference::ModelStatisticsResponse* reply) override;
  grpc::ServerUnaryReactor* RepositoryIndex(grpc::CallbackServerContext* context,
                                            const inference::RepositoryIndexRequest* message,
                                            inference::RepositoryIndexResponse* reply) override;

 private:
  using Answerer = absl::AnyInvocable<absl::Status()>;

  // Answers a call at once with what `answer` writes.
  grpc::ServerUnaryReactor* Answer(RpcMethod method, grpc::CallbackServerContext& context, Answerer answer);

  // The model of the moment, if it is the one meant.
  absl::StatusOr<std::shared_ptr<const ServedModel>> FindModel(const std::string& name,
                                                               const std::string& version) const;

  // Checks a call, and completes the form of its reply.
  absl::StatusOr<std::shared_ptr<Request>> Decode(const inference::ModelInferRequest& message, absl::Time arrived_at,
                                                  InferReplyForm& form) const;

  const CallLimits limits_;
  const ModelStore& models_;
  const HealthState& health_;
  Scheduler& scheduler_;
  TextWorker& text_worker_;
  OpenStreams& open_streams_;
  const CallEnvironment environment_;
  FreeableMessages<inference::ModelInferRequest, inference::ModelInferResponse> infer_messages_;
};

}  // namespace attnd

#endif  // SERVER_OPEN_INFERENCE_OPEN_INFERENCE_SERVICE_H_
