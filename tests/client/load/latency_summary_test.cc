#include "client/load/latency_summary.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "client/load/load_record.h"  // kPercents
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

TEST(LatencySummaryTest, RanksAreExact) {
  constexpr std::array<int64_t, kPercents.size()> kHundredths = {5000, 7500, 9000, 9500, 9900, 9950, 9990, 9999};
  for (size_t i = 0; i < kPercents.size(); ++i) {
    for (int64_t count = 1; count <= 10'000; ++count) {
      const int64_t rank = PercentileRank(kPercents[i], count);
      ASSERT_GE(rank * 10'000, kHundredths[i] * count) << kPercents[i] << " % of " << count;
      ASSERT_LT((rank - 1) * 10'000, kHundredths[i] * count) << kPercents[i] << " % of " << count;
    }
  }
}

TEST(LatencySummaryTest, OneInAThousandIsAboveItsPercentile) {
  LatencySummary summary;
  for (int i = 0; i < 999; ++i) summary.Add(absl::Milliseconds(1));
  summary.Add(absl::Seconds(1));
  EXPECT_LT(summary.Percentile(99.9), absl::Milliseconds(2));
  EXPECT_EQ(summary.Percentile(99.99), absl::Seconds(1));
}

TEST(LatencySummaryTest, TheLargestIsExact) {
  LatencySummary summary;
  summary.Add(absl::Microseconds(123457));
  summary.Add(absl::Microseconds(10));
  EXPECT_EQ(summary.max(), absl::Microseconds(123457));
  EXPECT_EQ(summary.Percentile(100), absl::Microseconds(123457));
}

TEST(LatencySummaryTest, ThoseAtOrBelowADurationAreCountedToHalfAPercent) {
  LatencySummary summary;
  for (int i = 1; i <= 1000; ++i) summary.Add(absl::Milliseconds(i));
  for (const int milliseconds : {1, 10, 500, 1000, 100'000'000}) {
    const int64_t count = summary.CountAtOrBelow(absl::Milliseconds(milliseconds));
    EXPECT_GE(count, std::min(milliseconds, 1000));
    EXPECT_LE(count, std::min(milliseconds * 1.0051, 1000.0));
  }
  EXPECT_EQ(summary.CountAtOrBelow(absl::ZeroDuration()), 0);
}

TEST(LatencySummaryTest, DaysAreToldApart) {
  LatencySummary summary;
  summary.Add(absl::Hours(11 * 24));
  EXPECT_EQ(summary.CountAtOrBelow(absl::Hours(10 * 24)), 0);
  EXPECT_EQ(summary.CountAtOrBelow(absl::Hours(11 * 24)), 1);
}

TEST(LatencySummaryTest, NothingAddedIsAllZero) {
  const LatencySummary summary;
  EXPECT_EQ(summary.count(), 0);
  EXPECT_EQ(summary.max(), absl::ZeroDuration());
  EXPECT_EQ(summary.Percentile(99), absl::ZeroDuration());
  EXPECT_EQ(summary.CountAtOrBelow(absl::InfiniteDuration()), 0);
}

TEST(LatencySummaryTest, DurationsOutsideTheRangeCountAsTheNearest) {
  LatencySummary summary;
  summary.Add(absl::ZeroDuration());
  summary.Add(absl::Hours(5000));
  EXPECT_EQ(summary.count(), 2);
  EXPECT_LE(summary.Percentile(50), absl::Microseconds(1));
  EXPECT_EQ(summary.max(), absl::Hours(5000));
  EXPECT_EQ(summary.CountAtOrBelow(absl::Hours(1000)), 2);
}

}  // namespace
}  // namespace attnd::client
