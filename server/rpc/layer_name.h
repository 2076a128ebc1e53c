// Names of places in the stack, as callers write them.

#ifndef SERVER_RPC_LAYER_NAME_H_
#define SERVER_RPC_LAYER_NAME_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace attnd {

// "embeddings" -> 0, "h.0" -> 1, ..., "h.<L-1>" -> L, "ln_f" and "" -> L + 1, as in HiddenSelection::layer. Nothing for
// any other name.
std::optional<int64_t> ParseLayerName(absl::string_view name, int64_t layer_count);

// The inverse.
std::string LayerName(int64_t place, int64_t layer_count);

}  // namespace attnd

#endif  // SERVER_RPC_LAYER_NAME_H_
