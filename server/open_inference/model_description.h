// What the Open Inference Protocol says of the model that is served and of the server.

#ifndef SERVER_OPEN_INFERENCE_MODEL_DESCRIPTION_H_
#define SERVER_OPEN_INFERENCE_MODEL_DESCRIPTION_H_

#include "inference/open_inference.pb.h"
#include "server/rpc/call_limits.h"
#include "server/scheduling/served_model.h"
#include "server/telemetry/metrics.h"

namespace attnd {

// Threads: any, all of them.
void EncodeServerMetadata(inference::ServerMetadataResponse& message);
void EncodeModelMetadata(const ServedModel& model, inference::ModelMetadataResponse& message);
void EncodeModelConfig(const ServedModel& model, const CallLimits& limits, inference::ModelConfigResponse& message);
void EncodeModelStatistics(const ServedModel& model, const InferenceStatistics& statistics,
                           inference::ModelStatisticsResponse& message);
void EncodeModelIndex(const ServedModel& model, bool ready, inference::RepositoryIndexResponse& message);

}  // namespace attnd

#endif  // SERVER_OPEN_INFERENCE_MODEL_DESCRIPTION_H_
