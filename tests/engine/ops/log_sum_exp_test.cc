#include "engine/ops/log_sum_exp.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace attnd {
namespace {

double Reference(const std::vector<float>& x) {
  const double largest = static_cast<double>(*std::max_element(x.begin(), x.end()));
  double sum = 0;
  for (const float value : x) sum += std::exp(static_cast<double>(value) - largest);
  return largest + std::log(sum);
}

TEST(LogSumExpTest, EqualsTheSumInDoubleForEveryLength) {
  std::mt19937 generator(1);
  std::normal_distribution<float> normal(-30, 5);
  for (size_t length = 1; length < 200; ++length) {
    std::vector<float> x(length);
    for (float& value : x) value = normal(generator);
    EXPECT_NEAR(LogSumExp(x), Reference(x), 1e-6 * std::abs(Reference(x))) << length;
  }
  std::vector<float> x(50257);
  for (float& value : x) value = normal(generator);
  EXPECT_NEAR(LogSumExp(x), Reference(x), 1e-6 * std::abs(Reference(x)));
}

TEST(LogSumExpTest, NothingOverflowsOrVanishes) {
  EXPECT_DOUBLE_EQ(LogSumExp({3e38F, -3e38F}), static_cast<double>(3e38F));
  EXPECT_NEAR(LogSumExp({1000, 1000, 1000, 1000}), 1000 + std::log(4), 1e-9);
  EXPECT_NEAR(LogSumExp({-1000, -1000}), -1000 + std::log(2), 1e-9);
  EXPECT_EQ(LogSumExp({-7.5F}), -7.5);
}

TEST(LogSumExpTest, WhatIsNotFiniteAnywhereGivesNan) {
  for (const size_t length : {1U, 7U, 16U, 100U}) {
    for (size_t place = 0; place < length; ++place) {
      for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                                -std::numeric_limits<float>::infinity()}) {
        std::vector<float> x(length, 1.0F);
        x[place] = value;
        EXPECT_TRUE(std::isnan(LogSumExp(x))) << length << ", " << place << ", " << value;
      }
    }
  }
  EXPECT_TRUE(std::isnan(LogSumExp({})));
}

}  // namespace
}  // namespace attnd
