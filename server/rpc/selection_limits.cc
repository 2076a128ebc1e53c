#include "server/rpc/selection_limits.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "server/rpc/invalid_field.h"

namespace attnd {

absl::Status CheckDimensions(absl::string_view path, int64_t dimensions, int64_t embedding_length) {
  if (dimensions >= 1 && dimensions <= embedding_length) return absl::OkStatus();
  return InvalidField(
      path, absl::StrFormat("= %d, must be in [1, %d], the model's embedding_length", dimensions, embedding_length));
}

absl::Status CheckTopK(absl::string_view path, int64_t k, const ModelConfig& config, const CallLimits& limits) {
  const int64_t max_k = std::min(config.vocabulary_size, limits.max_top_k);
  if (k >= 1 && k <= max_k) return absl::OkStatus();
  return InvalidField(path, absl::StrFormat("= %d, must be in [1, %d], the smaller of the model's vocabulary_size and "
                                            "max_top_k",
                                            k, max_k));
}

}  // namespace attnd
