// Checks what a call asks for.

#ifndef SERVER_RPC_SELECTION_DECODER_H_
#define SERVER_RPC_SELECTION_DECODER_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "attnd/v1/inference.pb.h"
#include "engine/model/config.h"
#include "server/rpc/call_limits.h"
#include "server/scheduling/request.h"

namespace attnd {

// Threads: any, all of them. Errors: INVALID_ARGUMENT naming the field, its value and what it must be.

// A request with method, selection, format and priority, without inputs: what can be checked whatever they are.
absl::StatusOr<std::shared_ptr<Request>> DecodeSelection(const v1::ForwardRequest& message, const ModelConfig& config,
                                                         const CallLimits& limits);
absl::StatusOr<std::shared_ptr<Request>> DecodeSelection(const v1::ForwardStreamRequest& message,
                                                         const ModelConfig& config, const CallLimits& limits);
absl::StatusOr<std::shared_ptr<Request>> DecodeSelection(const v1::EmbedRequest& message, const ModelConfig& config,
                                                         const CallLimits& limits);
absl::StatusOr<std::shared_ptr<Request>> DecodeSelection(const v1::EmbedStreamRequest& message,
                                                         const ModelConfig& config, const CallLimits& limits);

// Checks what `request` selects against its inputs, at least one. `path_of` gives the place of an input in the call,
// such as "inputs[2]".
absl::Status CheckSelection(const Request& request, absl::FunctionRef<std::string(size_t)> path_of);

}  // namespace attnd

#endif  // SERVER_RPC_SELECTION_DECODER_H_
