#include "engine/checkpoint/float_conversion.h"

#include <cmath>
#include <cstdint>
#include <limits>

#include "gtest/gtest.h"

namespace attnd {
namespace {

// IEEE 754: (-1)^sign * 2^(exponent - 15) * 1.fraction, subnormals without the 1.
double ReferenceHalf(uint32_t bits) {
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  const int exponent = static_cast<int>((bits >> 10) & 0x1F);
  const double fraction = (bits & 0x3FF) / 1024.0;
  if (exponent == 31) return fraction == 0 ? sign * std::numeric_limits<double>::infinity() : NAN;
  return exponent == 0 ? sign * std::ldexp(fraction, -14) : sign * std::ldexp(1 + fraction, exponent - 15);
}

TEST(HalfToFloatTest, EqualsTheDefinitionForEveryBitPattern) {
  for (uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    const double expected = ReferenceHalf(bits);
    const double actual = static_cast<double>(HalfToFloat(static_cast<uint16_t>(bits)));
    ASSERT_EQ(std::isnan(actual), std::isnan(expected)) << bits;
    if (std::isnan(expected)) continue;
    ASSERT_EQ(actual, expected) << bits;
    ASSERT_EQ(std::signbit(actual), std::signbit(expected)) << bits;
  }
}

TEST(Bfloat16ToFloatTest, IsTheUpperHalfOfAFloat) {
  EXPECT_EQ(Bfloat16ToFloat(0x3F80), 1.0F);
  EXPECT_EQ(Bfloat16ToFloat(0xC040), -3.0F);
  EXPECT_EQ(Bfloat16ToFloat(0x0001), 0x1p-133F);
  EXPECT_TRUE(std::isinf(Bfloat16ToFloat(0x7F80)));
  EXPECT_TRUE(std::isnan(Bfloat16ToFloat(0x7FC0)));
}

}  // namespace
}  // namespace attnd
