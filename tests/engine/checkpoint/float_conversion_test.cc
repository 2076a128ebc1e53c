#include "engine/tensor/float_conversion.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

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

// Every half, and between any two of the same sign that follow each other a value below, on and above the middle.
TEST(FloatToHalfTest, RoundsToTheNearestAndTiesToEven) {
  for (uint32_t magnitude = 0; magnitude < 0x7C00; ++magnitude) {
    for (const uint32_t sign : {0x0000U, 0x8000U}) {
      const auto bits = static_cast<uint16_t>(sign | magnitude);
      const float value = HalfToFloat(bits);
      ASSERT_EQ(FloatToHalf(value), bits);
      // What follows the largest would be 65536, were there more exponents.
      const float next = magnitude == 0x7BFF ? std::copysign(65536.0F, value) : HalfToFloat(bits + 1);
      const float middle = (value + next) / 2;
      ASSERT_EQ(FloatToHalf(middle), magnitude % 2 == 0 ? bits : bits + 1) << middle;
      ASSERT_EQ(FloatToHalf(std::nextafter(middle, value)), bits) << middle;
      ASSERT_EQ(FloatToHalf(std::nextafter(middle, next)), bits + 1) << middle;
    }
  }
}

TEST(FloatToHalfTest, KeepsInfinitiesAndNans) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(FloatToHalf(infinity), 0x7C00);
  EXPECT_EQ(FloatToHalf(-infinity), 0xFC00);
  EXPECT_EQ(FloatToHalf(1e30F), 0x7C00);
  EXPECT_EQ(FloatToHalf(-1e-30F), 0x8000);
  for (const uint32_t nan : {0x7F800001U, 0x7FC00000U, 0xFFFFFFFFU, 0xFF800001U}) {
    const uint16_t half = FloatToHalf(std::bit_cast<float>(nan));
    EXPECT_TRUE(std::isnan(HalfToFloat(half))) << nan;
    EXPECT_EQ(half >> 15, nan >> 31) << nan;
  }
}

TEST(FloatToBfloat16Test, RoundsToTheNearestAndTiesToEven) {
  for (uint32_t bits = 0; bits < 0x7F80; ++bits) {
    const uint32_t even = bits % 2;
    ASSERT_EQ(FloatToBfloat16(std::bit_cast<float>(bits << 16)), bits);
    ASSERT_EQ(FloatToBfloat16(std::bit_cast<float>((bits << 16) | 0x7FFF)), bits);
    ASSERT_EQ(FloatToBfloat16(std::bit_cast<float>((bits << 16) | 0x8000)), bits + even);
    ASSERT_EQ(FloatToBfloat16(std::bit_cast<float>((bits << 16) | 0x8001)), bits + 1);
    ASSERT_EQ(FloatToBfloat16(-std::bit_cast<float>((bits << 16) | 0x8001)), (bits + 1) | 0x8000);
  }
}

TEST(FloatToInt8Test, TheLargestMagnitudeIs127AndTheRestIsRoundedToTheNearestAndTiesToEven) {
  const std::vector<float> values = {-127, 2.5F, 3.5F, -2.5F, 0.49F, -0.0F, 126.6F};
  const float scale = Int8Scale(values);
  EXPECT_EQ(scale, 1.0F);
  std::vector<int> rounded;
  for (const float value : values) rounded.push_back(FloatToInt8(value, scale));
  EXPECT_EQ(rounded, (std::vector<int>{-127, 2, 4, -2, 0, 0, 127}));
}

TEST(FloatToInt8Test, NoValueIsFurtherFromItsIntegerThanHalfAScale) {
  std::vector<float> values;
  for (int i = 0; i < 1000; ++i) values.push_back(std::sin(static_cast<float>(i)) * 0.037F);
  const float scale = Int8Scale(values);
  for (const float value : values) {
    ASSERT_LE(std::abs(value - static_cast<float>(FloatToInt8(value, scale)) * scale), 0.5001F * scale) << value;
  }
}

TEST(FloatToInt8Test, ZerosHaveAScaleOfZero) {
  EXPECT_EQ(Int8Scale({0.0F, -0.0F}), 0.0F);
  EXPECT_EQ(Int8Scale({}), 0.0F);
  EXPECT_EQ(FloatToInt8(0, 0), 0);
  // Too small for a scale of its own.
  const float smallest = std::numeric_limits<float>::denorm_min();
  EXPECT_EQ(FloatToInt8(smallest, Int8Scale({&smallest, 1})), 0);
}

TEST(FloatToInt8Test, TheScaleIsFiniteWhateverTheValuesAre) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float scale = Int8Scale({nan, -infinity, 1});
  EXPECT_EQ(scale, std::numeric_limits<float>::max() / 127);
  EXPECT_EQ(FloatToInt8(nan, scale), 0);
  EXPECT_EQ(FloatToInt8(-infinity, scale), -127);
  EXPECT_EQ(FloatToInt8(infinity, scale), 127);
  EXPECT_EQ(Int8Scale({nan}), 0.0F);
}

TEST(FloatToBfloat16Test, KeepsInfinitiesAndNans) {
  EXPECT_EQ(FloatToBfloat16(std::numeric_limits<float>::infinity()), 0x7F80);
  EXPECT_EQ(FloatToBfloat16(-std::numeric_limits<float>::infinity()), 0xFF80);
  for (const uint32_t nan : {0x7F800001U, 0x7FC00000U, 0xFFFFFFFFU, 0xFF80FFFFU}) {
    const uint16_t bits = FloatToBfloat16(std::bit_cast<float>(nan));
    EXPECT_TRUE(std::isnan(Bfloat16ToFloat(bits))) << nan;
    EXPECT_EQ(bits >> 15, nan >> 31) << nan;
  }
}

}  // namespace
}  // namespace attnd
