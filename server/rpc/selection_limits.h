// What every protocol checks of the outputs a call asks for.

#ifndef SERVER_RPC_SELECTION_LIMITS_H_
#define SERVER_RPC_SELECTION_LIMITS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "engine/model/config.h"
#include "server/rpc/call_limits.h"

namespace attnd {

// Threads: any, both. Errors: INVALID_ARGUMENT naming `path`, the place in the call, the value and its bounds.

// Channels kept of an embedding, in [1, embedding_length].
absl::Status CheckDimensions(absl::string_view path, int64_t dimensions, int64_t embedding_length);

// The number of likely tokens, in [1, the smaller of the vocabulary and CallLimits::max_top_k].
absl::Status CheckTopK(absl::string_view path, int64_t k, const ModelConfig& config, const CallLimits& limits);

}  // namespace attnd

#endif  // SERVER_RPC_SELECTION_LIMITS_H_
