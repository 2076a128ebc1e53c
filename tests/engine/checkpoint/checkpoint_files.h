// Checkpoint folders and safetensors files of a test's own making, well-formed or not.

#ifndef TESTS_ENGINE_CHECKPOINT_CHECKPOINT_FILES_H_
#define TESTS_ENGINE_CHECKPOINT_CHECKPOINT_FILES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/model/config.h"

namespace attnd {

// One tensor of a file to write.
struct TensorToWrite {
  std::string name;
  std::string dtype;
  std::vector<int64_t> shape;
  std::string bytes;
};

// Eight bytes of header length, then `header`, then `data`, whatever they hold.
std::string SafetensorsBytes(absl::string_view header, absl::string_view data);

// A well-formed file with `tensors` one after the other.
std::string SafetensorsBytes(const std::vector<TensorToWrite>& tensors);

// The little-endian float32 bytes of `values`.
std::string FloatBytes(const std::vector<float>& values);

// A model small enough to write in no time: 2 layers, 4 channels, 2 heads, 5 tokens, 3 positions.
ModelConfig SmallConfig();
std::string SmallConfigJson();

// Every tensor of SmallConfig() as F32, element i of tensor p being p + i / 1000.
std::vector<TensorToWrite> SmallTensors();

}  // namespace attnd

#endif  // TESTS_ENGINE_CHECKPOINT_CHECKPOINT_FILES_H_
