#include "engine/checkpoint/float_format.h"

#include <cmath>
#include <cstring>

#include "engine/tensor/float_conversion.h"

namespace attnd {

absl::string_view SafetensorsName(FloatFormat format) {
  switch (format) {
    case FloatFormat::kBfloat16:
      return "BF16";
    case FloatFormat::kFloat16:
      return "F16";
    case FloatFormat::kFloat32:
      break;
  }
  return "F32";
}

absl::string_view TorchName(FloatFormat format) {
  switch (format) {
    case FloatFormat::kBfloat16:
      return "bfloat16";
    case FloatFormat::kFloat16:
      return "float16";
    case FloatFormat::kFloat32:
      break;
  }
  return "float32";
}

std::optional<size_t> Encode(absl::Span<const float> values, FloatFormat format, uint8_t* bytes) {
  if (format == FloatFormat::kFloat32) {
    std::memcpy(bytes, values.data(), values.size() * sizeof(float));
    return std::nullopt;
  }
  const bool is_half = format == FloatFormat::kFloat16;
  for (size_t i = 0; i < values.size(); ++i) {
    const uint16_t bits = is_half ? FloatToHalf(values[i]) : FloatToBfloat16(values[i]);
    const float rounded = is_half ? HalfToFloat(bits) : Bfloat16ToFloat(bits);
    if (std::isinf(rounded) && std::isfinite(values[i])) return i;
    std::memcpy(bytes + i * sizeof(bits), &bits, sizeof(bits));
  }
  return std::nullopt;
}

}  // namespace attnd
