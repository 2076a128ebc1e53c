// Checks what a call asks for, whatever its inputs are.

#ifndef SERVER_RPC_SELECTION_DECODER_H_
#define SERVER_RPC_SELECTION_DECODER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "attnd/v1/inference.pb.h"
#include "engine/model/config.h"
#include "server/scheduling/request.h"

namespace attnd {

// A request with method, selection, format and priority, without inputs. Threads: any. Errors: INVALID_ARGUMENT naming
// the field, its value and what it must be.
absl::StatusOr<std::shared_ptr<Request>> DecodeSelection(const v1::ForwardRequest& message, const ModelConfig& config);
absl::StatusOr<std::shared_ptr<Request>> DecodeSelection(const v1::ForwardStreamRequest& message,
                                                         const ModelConfig& config);
absl::StatusOr<std::shared_ptr<Request>> DecodeSelection(const v1::EmbedRequest& message, const ModelConfig& config);
absl::StatusOr<std::shared_ptr<Request>> DecodeSelection(const v1::EmbedStreamRequest& message,
                                                         const ModelConfig& config);

}  // namespace attnd

#endif  // SERVER_RPC_SELECTION_DECODER_H_
