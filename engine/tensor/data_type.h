// Types of weights and what is computed with them.

#ifndef ENGINE_TENSOR_DATA_TYPE_H_
#define ENGINE_TENSOR_DATA_TYPE_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace attnd {

enum class DataType { kFloat32, kBfloat16, kInt8 };

// "f32", "bf16", "int8".
constexpr absl::string_view DataTypeName(DataType type) {
  switch (type) {
    case DataType::kBfloat16:
      return "bf16";
    case DataType::kInt8:
      return "int8";
    case DataType::kFloat32:
      break;
  }
  return "f32";
}

// Of one weight.
constexpr int64_t DataTypeBytes(DataType type) {
  switch (type) {
    case DataType::kBfloat16:
      return 2;
    case DataType::kInt8:
      return 1;
    case DataType::kFloat32:
      break;
  }
  return 4;
}

}  // namespace attnd

#endif  // ENGINE_TENSOR_DATA_TYPE_H_
