#include "client/load/latency_summary.h"

#include "gtest/gtest.h"

namespace attnd::client {
namespace {

TEST(LatencySummaryTest, PercentilesAreExactToHalfAPercent) {
  LatencySummary summary;
  for (int i = 1; i <= 1000; ++i) summary.Add(absl::Milliseconds(i));
  for (const double percent : {0.1, 50.0, 90.0, 99.0, 99.9, 100.0}) {
    const double milliseconds = absl::ToDoubleMilliseconds(summary.Percentile(percent));
    EXPECT_GE(milliseconds, percent * 10 - 1e-6) << percent;
    EXPECT_LE(milliseconds, percent * 10 * 1.0051) << percent;
  }
}

TEST(LatencySummaryTest, TheLargestIsExact) {
  LatencySummary summary;
  summary.Add(absl::Microseconds(123457));
  summary.Add(absl::Microseconds(10));
  EXPECT_EQ(summary.max(), absl::Microseconds(123457));
  EXPECT_EQ(summary.Percentile(100), absl::Microseconds(123457));
}

TEST(LatencySummaryTest, NothingAddedIsAllZero) {
  const LatencySummary summary;
  EXPECT_EQ(summary.count(), 0);
  EXPECT_EQ(summary.max(), absl::ZeroDuration());
  EXPECT_EQ(summary.Percentile(99), absl::ZeroDuration());
}

TEST(LatencySummaryTest, DurationsOutsideTheRangeCountAsTheNearest) {
  LatencySummary summary;
  summary.Add(absl::ZeroDuration());
  summary.Add(absl::Hours(5));
  EXPECT_EQ(summary.count(), 2);
  EXPECT_LE(summary.Percentile(50), absl::Microseconds(1));
  EXPECT_EQ(summary.max(), absl::Hours(5));
}

}  // namespace
}  // namespace attnd::client
