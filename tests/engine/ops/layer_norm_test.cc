#include "engine/ops/layer_norm.h"

#include <cmath>
#include <cstdint>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/ops/random_floats.h"

namespace attnd {
namespace {

constexpr float kEpsilon = 1e-5F;

std::vector<double> ReferenceRow(const float* x, const std::vector<float>& gain, const std::vector<float>& bias) {
  const auto channels = static_cast<double>(gain.size());
  double mean = 0;
  for (size_t c = 0; c < gain.size(); ++c) mean += static_cast<double>(x[c]) / channels;
  double variance = 0;
  for (size_t c = 0; c < gain.size(); ++c) variance += std::pow(static_cast<double>(x[c]) - mean, 2) / channels;
  std::vector<double> y(gain.size());
  for (size_t c = 0; c < gain.size(); ++c) {
    const double unit = (static_cast<double>(x[c]) - mean) / std::sqrt(variance + static_cast<double>(kEpsilon));
    y[c] = unit * static_cast<double>(gain[c]) + static_cast<double>(bias[c]);
  }
  return y;
}

class LayerNormTest : public testing::TestWithParam<int64_t> {};

TEST_P(LayerNormTest, EqualsDoubleReferenceOnEveryRow) {
  const int64_t channels = GetParam();
  constexpr int64_t kRows = 3;
  const int64_t stride = channels + 5;
  const auto gain = RandomFloats(channels, 1);
  const auto bias = RandomFloats(channels, 2);
  auto x = RandomFloats(kRows * stride, 3, 5.0F);
  for (float& value : x) value += 20;  // a mean that must cancel
  std::vector<float> y(x.size(), -99.0F);
  LayerNorm({.gain = gain, .bias = bias, .epsilon = kEpsilon}, kRows, x.data(), y.data(), stride);
  for (int64_t row = 0; row < kRows; ++row) {
    EXPECT_LT(RelativeError(y.data() + row * stride, ReferenceRow(x.data() + row * stride, gain, bias)), 2e-6);
    EXPECT_EQ(y[static_cast<size_t>(row * stride + channels)], -99.0F) << "wrote beyond row " << row;
  }
}

INSTANTIATE_TEST_SUITE_P(OddChannels, LayerNormTest, testing::Values(2, 3, 7, 15, 16, 17, 31, 64, 100, 767, 768, 1025));

TEST(LayerNormTest, WorksInPlace) {
  const auto gain = RandomFloats(37, 1);
  const auto bias = RandomFloats(37, 2);
  auto x = RandomFloats(37, 3);
  std::vector<float> y(37);
  const LayerNormWeights weights{.gain = gain, .bias = bias, .epsilon = kEpsilon};
  LayerNorm(weights, 1, x.data(), y.data(), 37);
  LayerNorm(weights, 1, x.data(), x.data(), 37);
  EXPECT_EQ(x, y);
}

TEST(LayerNormTest, ConstantRowGivesTheBias) {
  const std::vector<float> gain(19, 3.0F);
  const auto bias = RandomFloats(19, 2);
  const std::vector<float> x(19, 4.0F);
  std::vector<float> y(19);
  LayerNorm({.gain = gain, .bias = bias, .epsilon = kEpsilon}, 1, x.data(), y.data(), 19);
  EXPECT_THAT(y, testing::Pointwise(testing::FloatNear(1e-6F), bias));
}

TEST(LayerNormTest, ARowWhoseVarianceOverflowsGivesNoNumber) {
  const std::vector<float> gain(19, 3.0F);
  const auto bias = RandomFloats(19, 2);
  std::vector<float> x(19);
  x[7] = 3e38F;
  std::vector<float> y(19);
  LayerNorm({.gain = gain, .bias = bias, .epsilon = kEpsilon}, 1, x.data(), y.data(), 19);
  for (const float value : y) EXPECT_TRUE(std::isnan(value));
}

}  // namespace
}  // namespace attnd
