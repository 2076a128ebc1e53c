// Types that results are written in.

#ifndef ENGINE_TENSOR_ELEMENT_TYPE_H_
#define ENGINE_TENSOR_ELEMENT_TYPE_H_

#include <cstdint>

namespace attnd {

// kInt8 has a scale for each row (float_conversion.h).
enum class ElementType { kFloat32, kFloat16, kBfloat16, kInt8 };

constexpr int64_t ElementBytes(ElementType type) {
  switch (type) {
    case ElementType::kFloat16:
    case ElementType::kBfloat16:
      return 2;
    case ElementType::kInt8:
      return 1;
    case ElementType::kFloat32:
      break;
  }
  return 4;
}

}  // namespace attnd

#endif  // ENGINE_TENSOR_ELEMENT_TYPE_H_
