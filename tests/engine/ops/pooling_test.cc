#include "engine/ops/pooling.h"

#include <vector>

#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd {
namespace {

using testing::ElementsAre;
using testing::FloatEq;

TEST(PoolingTest, MeanIsTakenColumnByColumn) {
  const std::vector<float> x = {1, 10, 100, -99, 3, 20, 600, -99};
  std::vector<float> mean(3);
  MeanOfRows(x.data(), 2, 4, absl::MakeSpan(mean));
  EXPECT_THAT(mean, ElementsAre(2, 15, 350));
}

TEST(PoolingTest, AWeightedMeanCountsRowsByTheirPlace) {
  const std::vector<float> x = {6, 10, -99, 12, 40, -99, 18, 50, -99};
  std::vector<float> mean(2);
  WeightedMeanOfRows(x.data(), 3, 3, absl::MakeSpan(mean));
  EXPECT_THAT(mean, ElementsAre((6 + 2 * 12 + 3 * 18) / 6, (10 + 2 * 40 + 3 * 50) / 6.0F));
}

TEST(PoolingTest, MeanOfManyRowsLosesNoPrecision) {
  constexpr int kRows = 1 << 20;
  const std::vector<float> x(kRows, 0.1F);
  std::vector<float> mean(1);
  MeanOfRows(x.data(), kRows, 1, absl::MakeSpan(mean));
  EXPECT_EQ(mean[0], 0.1F);
}

TEST(PoolingTest, NormalizedVectorHasUnitLength) {
  std::vector<float> vector = {3, -4};
  NormalizeToUnitLength(absl::MakeSpan(vector));
  EXPECT_THAT(vector, ElementsAre(FloatEq(0.6F), FloatEq(-0.8F)));
}

TEST(PoolingTest, HugeAndTinyVectorsNormalizeWithoutOverflow) {
  std::vector<float> huge = {3e38F, 0};
  std::vector<float> tiny = {0, 1e-38F};
  NormalizeToUnitLength(absl::MakeSpan(huge));
  NormalizeToUnitLength(absl::MakeSpan(tiny));
  EXPECT_THAT(huge, ElementsAre(FloatEq(1), 0));
  EXPECT_THAT(tiny, ElementsAre(0, FloatEq(1)));
}

TEST(PoolingTest, ZeroVectorStaysZero) {
  std::vector<float> vector = {0, 0};
  NormalizeToUnitLength(absl::MakeSpan(vector));
  EXPECT_THAT(vector, ElementsAre(0, 0));
}

}  // namespace
}  // namespace attnd
