#include "engine/checkpoint/gpt2_config.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/files/json.h"
#include "nlohmann/json.hpp"

namespace attnd {
namespace {

using Json = nlohmann::json;

// Reads typed values and keeps the first error.
class ConfigReader {
 public:
  explicit ConfigReader(const Json& json) : json_(json) {}

  const absl::Status& status() const { return status_; }

  // Not there, or null.
  bool IsAbsent(const char* key) const { return !json_.contains(key) || json_[key].is_null(); }

  int64_t Integer(const char* key) {
    if (IsAbsent(key)) return Fail(key, "an integer", int64_t{0});
    const Json& value = json_[key];
    const bool fits =
        value.is_number_integer() && (!value.is_number_unsigned() || value.get<uint64_t>() <= uint64_t{INT64_MAX});
    return fits ? value.get<int64_t>() : Fail(key, "an integer in [-2^63, 2^63)", int64_t{0});
  }

  bool Boolean(const char* key, bool absent) {
    if (IsAbsent(key)) return absent;
    return json_[key].is_boolean() ? json_[key].get<bool>() : Fail(key, "true or false", absent);
  }

  double Number(const char* key, double absent) {
    if (IsAbsent(key)) return absent;
    return json_[key].is_number() ? json_[key].get<double>() : Fail(key, "a number", absent);
  }

  std::string Text(const char* key, const char* absent) {
    if (IsAbsent(key)) return absent;
    return json_[key].is_string() ? json_[key].get<std::string>() : Fail(key, "a string", std::string(absent));
  }

  template <typename T>
  T Fail(const char* key, absl::string_view expected, T result) {
    const std::string value = json_.contains(key) ? Quote(json_[key]) : "absent";
    if (status_.ok()) {
      status_ = absl::InvalidArgumentError(absl::StrCat("config.json: ", key, " = ", value, ", must be ", expected));
    }
    return result;
  }

 private:
  const Json& json_;
  absl::Status status_;
};

Activation ReadActivation(ConfigReader& reader) {
  const std::string name = reader.Text("activation_function", "gelu_new");
  if (name == "gelu_new" || name == "gelu_pytorch_tanh") return Activation::kGeluTanh;
  if (name == "gelu") return Activation::kGeluErf;
  return reader.Fail("activation_function", "\"gelu_new\", \"gelu_pytorch_tanh\" or \"gelu\"", Activation::kGeluTanh);
}

// Checked before it is rounded, so that an error shows what the file holds. A subnormal one counts as zero where it is
// added.
float ReadEpsilon(ConfigReader& reader) {
  using Float = std::numeric_limits<float>;
  const double value = reader.Number("layer_norm_epsilon", 1e-5);
  if (value >= Float::min() && value <= Float::max()) return static_cast<float>(value);
  return reader.Fail("layer_norm_epsilon", "positive, normal and finite as a float32", 1e-5F);
}

}  // namespace

absl::StatusOr<ModelConfig> ParseGpt2Config(absl::string_view text) {
  auto json = ParseJsonObject(text, "config.json");
  if (!json.ok()) return json.status();
  ConfigReader reader(*json);
  if (reader.Text("model_type", "gpt2") != "gpt2") reader.Fail("model_type", "\"gpt2\"", 0);
  if (reader.Boolean("add_cross_attention", false)) reader.Fail("add_cross_attention", "false", 0);
  ModelConfig config;
  config.vocabulary_size = reader.Integer("vocab_size");
  config.context_length =
      reader.Integer(reader.IsAbsent("n_positions") && !reader.IsAbsent("n_ctx") ? "n_ctx" : "n_positions");
  config.embedding_length = reader.Integer("n_embd");
  config.head_count = reader.Integer("n_head");
  config.layer_count = reader.Integer("n_layer");
  config.layer_norm_epsilon = ReadEpsilon(reader);
  config.activation = ReadActivation(reader);
  config.scale_attention = reader.Boolean("scale_attn_weights", true);
  config.scale_attention_by_layer = reader.Boolean("scale_attn_by_inverse_layer_idx", false);
  config.tied_output_head = reader.Boolean("tie_word_embeddings", true);
  if (!reader.IsAbsent("n_inner")) config.feed_forward_length = reader.Integer("n_inner");
  if (!reader.status().ok()) return reader.status();
  if (reader.IsAbsent("n_inner")) {
    // 4 C, once C is known to be small enough to multiply.
    config.feed_forward_length = 1;
    if (absl::Status status = ValidateConfig(config); !status.ok()) return status;
    config.feed_forward_length = 4 * config.embedding_length;
  }
  if (absl::Status status = ValidateConfig(config); !status.ok()) return status;
  return config;
}

}  // namespace attnd
