#include "engine/checkpoint/gpt2_writer.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "engine/checkpoint/gpt2_config.h"
#include "engine/checkpoint/safetensors_writer.h"
#include "engine/files/json.h"
#include "engine/model/parameters.h"
#include "engine/tensor/arena.h"
#include "nlohmann/json.hpp"

namespace attnd {
namespace {

using Json = nlohmann::json;

// As transformers writes it: keys in alphabetical order, two spaces of indentation.
std::string Text(const Json& config) { return config.dump(2) + "\n"; }

// The shortest decimal that is `value` as a float32: 1e-05, where the double nearest to it has many more digits.
Json Decimal(float value) {
  char text[32];
  const auto [end, error] = std::to_chars(std::begin(text), std::end(text), value);
  return Json::parse(std::begin(text), end);
}

// In the language model all names but that of the output head begin with "transformer.".
std::string FullName(const std::string& name) {
  return absl::StartsWith(name, "lm_head.") ? name : absl::StrCat("transformer.", name);
}

}  // namespace

std::string Gpt2ConfigText(const ModelConfig& config, FloatFormat format) {
  const int64_t last_token = config.vocabulary_size - 1;
  const bool usual_length = config.feed_forward_length == 4 * config.embedding_length;
  return Text({{"activation_function", std::string(ActivationName(config.activation))},
               {"add_cross_attention", false},
               {"architectures", Json::array({"GPT2LMHeadModel"})},
               {"attn_pdrop", 0.1},
               {"bos_token_id", last_token},
               {"embd_pdrop", 0.1},
               {"eos_token_id", last_token},
               {"initializer_range", 0.02},
               {"layer_norm_epsilon", Decimal(config.layer_norm_epsilon)},
               {"model_type", "gpt2"},
               {"n_embd", config.embedding_length},
               {"n_head", config.head_count},
               {"n_inner", usual_length ? Json() : Json(config.feed_forward_length)},
               {"n_layer", config.layer_count},
               {"n_positions", config.context_length},
               {"reorder_and_upcast_attn", false},
               {"resid_pdrop", 0.1},
               {"scale_attn_by_inverse_layer_idx", config.scale_attention_by_layer},
               {"scale_attn_weights", config.scale_attention},
               {"summary_activation", nullptr},
               {"summary_first_dropout", 0.1},
               {"summary_proj_to_labels", true},
               {"summary_type", "cls_index"},
               {"summary_use_proj", true},
               {"tie_word_embeddings", config.tied_output_head},
               {"torch_dtype", std::string(TorchName(format))},
               {"use_cache", true},
               {"vocab_size", config.vocabulary_size}});
}

absl::StatusOr<std::string> ChangedGpt2ConfigText(absl::string_view text, int64_t layer_count, FloatFormat format) {
  if (const auto config = ParseGpt2Config(text); !config.ok()) return config.status();
  auto json = ParseJsonObject(text, "config.json");
  if (!json.ok()) return json.status();
  (*json)["n_layer"] = layer_count;
  const std::string name(TorchName(format));
  // Called "dtype" since transformers 4.56, which understands the older name, too.
  if (json->contains("dtype")) (*json)["dtype"] = name;
  if (json->contains("torch_dtype") || !json->contains("dtype")) (*json)["torch_dtype"] = name;
  return Text(*json);
}

absl::StatusOr<std::string> WriteGpt2Weights(const WeightSource& source, FloatFormat format, const std::string& path,
                                             WritingProgress progress) {
  const std::vector<Parameter> parameters = ModelParameters(source.config());
  std::vector<NamedShape> tensors;
  int64_t largest = 0;
  for (const Parameter& parameter : parameters) {
    tensors.push_back({FullName(parameter.name), parameter.shape});
    largest = std::max(largest, parameter.element_count());
  }
  Arena arena;
  const auto buffer = arena.Allocate<float>(largest);
  if (!buffer.ok()) return buffer.status();

  auto writer = SafetensorsWriter::Create(path, std::move(tensors), format);
  if (!writer.ok()) return writer.status();
  const auto all = static_cast<double>(ParameterCount(source.config()));
  int64_t written = 0;
  for (const Parameter& parameter : parameters) {
    const absl::Span<float> values = buffer->first(static_cast<size_t>(parameter.element_count()));
    if (absl::Status status = source.Read(parameter.name, values); !status.ok()) return status;
    if (absl::Status status = writer->Append(values); !status.ok()) return status;
    written += parameter.element_count();
    if (absl::Status status = progress(static_cast<double>(written) / all); !status.ok()) return status;
  }
  return writer->Finish();
}

}  // namespace attnd
