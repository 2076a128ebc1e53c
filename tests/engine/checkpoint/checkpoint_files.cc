#include "tests/engine/checkpoint/checkpoint_files.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "engine/model/parameters.h"
#include "nlohmann/json.hpp"

namespace attnd {

std::string SafetensorsBytes(absl::string_view header, absl::string_view data) {
  const uint64_t length = header.size();
  std::string length_bytes(sizeof(length), '\0');
  std::memcpy(length_bytes.data(), &length, sizeof(length));
  return absl::StrCat(length_bytes, header, data);
}

std::string SafetensorsBytes(const std::vector<TensorToWrite>& tensors) {
  nlohmann::json header = nlohmann::json::object();
  std::string data;
  for (const TensorToWrite& tensor : tensors) {
    const size_t begin = data.size();
    data += tensor.bytes;
    header[tensor.name] = {{"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {begin, data.size()}}};
  }
  return SafetensorsBytes(header.dump(), data);
}

std::string FloatBytes(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

ModelConfig SmallConfig() {
  return {.vocabulary_size = 5,
          .context_length = 3,
          .embedding_length = 4,
          .head_count = 2,
          .layer_count = 2,
          .feed_forward_length = 16};
}

std::string SmallConfigJson() {
  return R"({"model_type": "gpt2", "vocab_size": 5, "n_positions": 3, "n_embd": 4, "n_head": 2, "n_layer": 2})";
}

std::vector<TensorToWrite> SmallTensors() {
  std::vector<TensorToWrite> tensors;
  for (const Parameter& parameter : ModelParameters(SmallConfig())) {
    std::vector<float> values(static_cast<size_t>(parameter.element_count()));
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(tensors.size()) + static_cast<float>(i) / 1000;
    }
    tensors.push_back({parameter.name, "F32", parameter.shape, FloatBytes(values)});
  }
  return tensors;
}

}  // namespace attnd
