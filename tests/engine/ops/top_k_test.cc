#include "engine/ops/top_k.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd {
namespace {

using testing::ElementsAre;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<int32_t> Top(const std::vector<float>& x, size_t k) {
  std::vector<int32_t> indices(k);
  SelectTop(x, absl::MakeSpan(indices));
  return indices;
}

std::vector<int32_t> SortedTop(const std::vector<float>& x, size_t k) {
  std::vector<int32_t> indices(x.size());
  std::iota(indices.begin(), indices.end(), 0);
  std::stable_sort(indices.begin(), indices.end(),
                   [&](int32_t a, int32_t b) { return x[static_cast<size_t>(a)] > x[static_cast<size_t>(b)]; });
  indices.resize(k);
  return indices;
}

TEST(SelectTopTest, EqualsAStableSortForEveryCount) {
  std::mt19937 generator(1);
  for (const size_t length : {1U, 2U, 63U, 64U, 65U, 500U}) {
    for (const uint32_t values : {3U, 1000U}) {
      std::vector<float> x(length);
      for (float& value : x) value = static_cast<float>(generator() % values) - 1;
      for (size_t k = 1; k <= length; k += 1 + length / 20) {
        EXPECT_EQ(Top(x, k), SortedTop(x, k)) << length << ", " << values << ", " << k;
      }
    }
  }
}

TEST(SelectTopTest, OfEqualOnesTheLowerPlaceIsFirst) {
  EXPECT_THAT(Top({1, 5, 5, 1, 5, 7}, 4), ElementsAre(5, 1, 2, 4));
  EXPECT_THAT(Top(std::vector<float>(1000, 2.0F), 3), ElementsAre(0, 1, 2));
  EXPECT_THAT(Top({0.0F, -0.0F, 0.0F}, 2), ElementsAre(0, 1));
}

TEST(SelectTopTest, AscendingNumbersChangeTheBestEveryTime) {
  std::vector<float> x(1000);
  std::iota(x.begin(), x.end(), 0.0F);
  EXPECT_THAT(Top(x, 3), ElementsAre(999, 998, 997));
}

TEST(SelectTopTest, NanCountsAsMinusInfinity) {
  EXPECT_THAT(Top({kNan, 1, kNan, -kInfinity, kInfinity}, 5), ElementsAre(4, 1, 0, 2, 3));
  EXPECT_THAT(Top(std::vector<float>(100, kNan), 2), ElementsAre(0, 1));
  std::vector<float> x(200, kNan);
  x[150] = -1;
  EXPECT_THAT(Top(x, 2), ElementsAre(150, 0));
}

TEST(SelectTopTest, NoneIsAllowed) { EXPECT_THAT(Top({1, 2}, 0), ElementsAre()); }

}  // namespace
}  // namespace attnd
