#include "engine/model/config.h"

#include <cmath>

#include "absl/strings/str_format.h"

namespace attnd {
namespace {

// Far above any GPT-2-style model, and low enough that products of three sizes fit in 63 bits.
constexpr int64_t kMaxVocabularySize = int64_t{1} << 24;
constexpr int64_t kMaxContextLength = int64_t{1} << 20;
constexpr int64_t kMaxEmbeddingLength = int64_t{1} << 16;
constexpr int64_t kMaxFeedForwardLength = int64_t{1} << 18;
constexpr int64_t kMaxLayerCount = 1024;

absl::Status CheckSize(absl::string_view field, int64_t value, int64_t limit) {
  if (value >= 1 && value <= limit) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat("config.json: %s = %d, must be in [1, %d]", field, value, limit));
}

}  // namespace

absl::Status ValidateConfig(const ModelConfig& config) {
  absl::Status status = CheckSize("vocab_size", config.vocabulary_size, kMaxVocabularySize);
  status.Update(CheckSize("n_positions", config.context_length, kMaxContextLength));
  status.Update(CheckSize("n_embd", config.embedding_length, kMaxEmbeddingLength));
  status.Update(CheckSize("n_head", config.head_count, kMaxEmbeddingLength));
  status.Update(CheckSize("n_layer", config.layer_count, kMaxLayerCount));
  status.Update(CheckSize("n_inner", config.feed_forward_length, kMaxFeedForwardLength));
  if (!status.ok()) return status;
  if (config.embedding_length % config.head_count != 0) {
    return absl::InvalidArgumentError(absl::StrFormat("config.json: n_embd = %d, must be a multiple of n_head = %d",
                                                      config.embedding_length, config.head_count));
  }
  if (!std::isnormal(config.layer_norm_epsilon) || config.layer_norm_epsilon < 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("config.json: layer_norm_epsilon = %g, must be a positive, normal and finite number",
                        config.layer_norm_epsilon));
  }
  return absl::OkStatus();
}

absl::string_view ActivationName(Activation activation) {
  return activation == Activation::kGeluTanh ? "gelu_new" : "gelu";
}

}  // namespace attnd
