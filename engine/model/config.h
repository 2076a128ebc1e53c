// The shape of a GPT-2-style decoder stack. Every size comes from a checkpoint's config.json; the defaults are attnd's
// own model, GPT-2 small with 16 layers.
//
// Letters used for shapes everywhere in the engine: N tokens of a batch, S sequences of a batch, T tokens of one
// sequence, C channels, H heads, D = C / H channels of a head, F feed-forward channels, L layers, V vocabulary.

#ifndef ENGINE_MODEL_CONFIG_H_
#define ENGINE_MODEL_CONFIG_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace attnd {

// Non-linearity of the feed-forward layer.
enum class Activation {
  kGeluTanh,  // 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))); "gelu_new" in config.json.
  kGeluErf,   // 0.5 x (1 + erf(x / sqrt(2))); "gelu" in config.json.
};

struct ModelConfig {
  int64_t vocabulary_size = 50257;
  int64_t context_length = 1024;
  int64_t embedding_length = 768;
  int64_t head_count = 12;
  int64_t layer_count = 16;
  int64_t feed_forward_length = 3072;
  float layer_norm_epsilon = 1e-5F;
  Activation activation = Activation::kGeluTanh;
  // Whether attention scores are divided by sqrt(D), and further by the layer's number counted from 1.
  bool scale_attention = true;
  bool scale_attention_by_layer = false;
  // Whether the output head is the token embedding transposed, with no weights of its own.
  bool tied_output_head = true;

  int64_t head_length() const { return embedding_length / head_count; }
};

// INVALID_ARGUMENT naming the config.json field, its value and its limit when a size is out of range, the heads do not
// divide the channels, or the epsilon is not a positive finite number. What passes cannot overflow 64-bit arithmetic.
absl::Status ValidateConfig(const ModelConfig& config);

// The name of `activation` in config.json.
absl::string_view ActivationName(Activation activation);

}  // namespace attnd

#endif  // ENGINE_MODEL_CONFIG_H_
