// bfloat16 and half numbers as float32, exactly, and float32 as either or as a scaled 8-bit integer, rounded to
// nearest, ties to even. Infinities and NaNs stay what they are where the type has them; what is too large becomes
// infinite.

#ifndef ENGINE_TENSOR_FLOAT_CONVERSION_H_
#define ENGINE_TENSOR_FLOAT_CONVERSION_H_

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "absl/types/span.h"

namespace attnd {

// bfloat16 is the upper half of a float32.
constexpr float Bfloat16ToFloat(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

constexpr uint16_t FloatToBfloat16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  // A NaN whose upper half has no fraction left would become infinite.
  if (value != value) return static_cast<uint16_t>((bits >> 16) | 0x40);
  const uint32_t tie_to_even = (bits >> 16) & 1;
  return static_cast<uint16_t>((bits + 0x7FFF + tie_to_even) >> 16);
}

// IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits.
constexpr float HalfToFloat(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
  const uint32_t exponent = (bits >> 10) & 0x1F;
  const uint32_t fraction = bits & 0x3FF;
  if (exponent == 0x1F) return std::bit_cast<float>(sign | 0x7F800000 | (fraction << 13));
  if (exponent != 0) return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (fraction << 13));
  // Zero or subnormal: fraction times 2^-24.
  const float magnitude = static_cast<float>(fraction) * 0x1p-24F;
  return sign != 0 ? -magnitude : magnitude;
}

constexpr uint16_t FloatToHalf(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>((bits >> 16) & 0x8000);
  const uint32_t magnitude = bits & 0x7FFFFFFF;
  if (magnitude > 0x7F800000) return static_cast<uint16_t>(sign | 0x7E00 | ((magnitude >> 13) & 0x1FF));
  // Halfway between the largest half and what would come next, 65520, and beyond.
  if (magnitude >= 0x477FF000) return static_cast<uint16_t>(sign | 0x7C00);
  if (magnitude >= 0x38800000) {  // 2^-14, the smallest half that is not subnormal
    const uint32_t tie_to_even = (magnitude >> 13) & 1;
    return static_cast<uint16_t>(sign | ((magnitude - 0x38000000 + 0xFFF + tie_to_even) >> 13));
  }
  // A subnormal half counts units of 2^-24, which are those of a float of [0.5, 1): adding 0.5 rounds to them.
  const auto shifted = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5F);
  return static_cast<uint16_t>(sign | (shifted - 0x3F000000));
}

// Finite in any case: infinities are the largest float, NaNs are 0.
inline float ClampToFinite(float value) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  return std::isnan(value) ? 0.0F : std::clamp(value, -kLargest, kLargest);
}

// What integers of [-127, 127] stand for `values` with: their largest magnitude / 127, of values clamped to finite
// ones. 0 where all are 0, or so small that no float is left for the scale.
inline float Int8Scale(absl::Span<const float> values) {
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::abs(ClampToFinite(value)));
  return largest / 127;
}

// The integer of [-127, 127] that times `scale` is nearest to `value`.
inline int8_t FloatToInt8(float value, float scale) {
  if (scale == 0) return 0;
  const double steps = std::rint(static_cast<double>(ClampToFinite(value)) / static_cast<double>(scale));
  return static_cast<int8_t>(std::clamp(steps, -127.0, 127.0));
}

}  // namespace attnd

#endif  // ENGINE_TENSOR_FLOAT_CONVERSION_H_
