// Little-endian floating-point numbers of files as float32, exactly.

#ifndef ENGINE_CHECKPOINT_FLOAT_CONVERSION_H_
#define ENGINE_CHECKPOINT_FLOAT_CONVERSION_H_

#include <bit>
#include <cstdint>

namespace attnd {

// bfloat16 is the upper half of a float32.
constexpr float Bfloat16ToFloat(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

// IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. Infinities and NaNs stay what they are.
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

}  // namespace attnd

#endif  // ENGINE_CHECKPOINT_FLOAT_CONVERSION_H_
