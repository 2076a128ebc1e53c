#include "engine/ops/row_conversion.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "tests/engine/ops/random_floats.h"

namespace attnd {
namespace {

class RowConversionTest : public testing::TestWithParam<int64_t> {};

TEST_P(RowConversionTest, AQuantisedRowIsWithinHalfAStepOfTheRow) {
  const int64_t length = GetParam();
  constexpr int64_t kRows = 3;
  const auto x = RandomFloats(kRows * (length + 5), 1, 7.0F);
  std::vector<uint8_t> quantised(static_cast<size_t>(kRows * QuantisedRowBytes(length)), 0xAB);
  QuantiseRows(kRows, length, x.data(), length + 5, quantised.data());
  for (int64_t row = 0; row < kRows; ++row) {
    const float* values = x.data() + row * (length + 5);
    const uint8_t* bytes = quantised.data() + row * QuantisedRowBytes(length);
    const RowQuantisation quantisation = ReadRowQuantisation(bytes, length);
    const auto [low, high] = std::minmax_element(values, values + length);
    EXPECT_EQ(quantisation.lowest, *low);
    EXPECT_FLOAT_EQ(quantisation.scale, (*high - *low) / 255);
    for (int64_t i = 0; i < length; ++i) {
      EXPECT_NEAR(quantisation.scale * static_cast<float>(bytes[i]) + quantisation.lowest, values[i],
                  0.501F * quantisation.scale);
    }
    EXPECT_TRUE(std::all_of(bytes + length, bytes + PaddedRowBytes(length), [](uint8_t byte) { return byte == 0; }));
  }
}

TEST_P(RowConversionTest, Bfloat16IsTheNearestAndTiesGoToEven) {
  const int64_t length = GetParam();
  auto x = RandomFloats(length, 1);
  x[0] = std::bit_cast<float>(0x3F808000U);  // halfway from 1 to the next, 1 is even
  std::vector<std::byte> rounded(static_cast<size_t>(Bfloat16RowBytes(length)));
  RoundRowsToBfloat16(1, length, x.data(), length, rounded.data());
  const auto* bits = reinterpret_cast<const uint16_t*>(rounded.data());
  EXPECT_EQ(bits[0], 0x3F80);
  for (int64_t i = 0; i < length; ++i) {
    const auto value = std::bit_cast<float>(uint32_t{bits[i]} << 16);
    EXPECT_LE(std::abs(value - x[static_cast<size_t>(i)]), std::abs(x[static_cast<size_t>(i)]) / 256);
  }
}

TEST_P(RowConversionTest, ARowWithNaNAnywhereIsQuantisedToNaN) {
  const int64_t length = GetParam();
  std::vector<uint8_t> quantised(static_cast<size_t>(QuantisedRowBytes(length)));
  for (size_t place = 0; place < static_cast<size_t>(length); ++place) {
    auto x = RandomFloats(length, 1);
    x[place] = std::numeric_limits<float>::quiet_NaN();
    QuantiseRows(1, length, x.data(), length, quantised.data());
    EXPECT_TRUE(std::isnan(ReadRowQuantisation(quantised.data(), length).lowest)) << place;
  }
}

INSTANTIATE_TEST_SUITE_P(OddLengths, RowConversionTest, testing::Values(1, 3, 15, 16, 33, 64, 100, 768));

TEST(RowConversionTest, AConstantRowIsKeptExactly) {
  const std::vector<float> x(10, -3.25F);
  std::vector<uint8_t> quantised(static_cast<size_t>(QuantisedRowBytes(10)));
  QuantiseRows(1, 10, x.data(), 10, quantised.data());
  const RowQuantisation quantisation = ReadRowQuantisation(quantised.data(), 10);
  EXPECT_EQ(quantisation.scale, 0);
  EXPECT_EQ(quantisation.lowest, -3.25F);
}

}  // namespace
}  // namespace attnd
