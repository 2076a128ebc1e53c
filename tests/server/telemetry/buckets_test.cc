#include "server/telemetry/buckets.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd {
namespace {

using testing::ElementsAre;

TEST(BucketsTest, LatenciesCoverHalfAMillisecondToTwentySeconds) {
  EXPECT_THAT(LatencyBuckets(), ElementsAre(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64,
                                            1.28, 2.56, 5.12, 10.24, 20.48));
}

TEST(BucketsTest, PowersOfTwoEndAtTheLimit) {
  EXPECT_THAT(PowerOfTwoBuckets(1), ElementsAre(1));
  EXPECT_THAT(PowerOfTwoBuckets(8), ElementsAre(1, 2, 4, 8));
}

TEST(BucketsTest, PowersOfTwoCoverALimitBetweenTwoOfThem) {
  EXPECT_THAT(PowerOfTwoBuckets(9), ElementsAre(1, 2, 4, 8, 16));
}

}  // namespace
}  // namespace attnd
