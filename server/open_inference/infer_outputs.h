// Checks what outputs a ModelInfer call names.

#ifndef SERVER_OPEN_INFERENCE_INFER_OUTPUTS_H_
#define SERVER_OPEN_INFERENCE_INFER_OUTPUTS_H_

#include "absl/status/status.h"
#include "engine/model/config.h"
#include "inference/open_inference.pb.h"
#include "server/open_inference/infer_parameters.h"
#include "server/open_inference/infer_reply.h"
#include "server/rpc/call_limits.h"
#include "server/scheduling/request.h"

namespace attnd {

// Sets the selection of `request` and the outputs of `form`: what the message names, else an embedding. `parameters`
// are the call's. Threads: any. Errors: INVALID_ARGUMENT naming the output or parameter, its value and what it must be.
absl::Status DecodeInferOutputs(const inference::ModelInferRequest& message, const InferParameters& parameters,
                                const ModelConfig& config, const CallLimits& limits, Request& request,
                                InferReplyForm& form);

}  // namespace attnd

#endif  // SERVER_OPEN_INFERENCE_INFER_OUTPUTS_H_
