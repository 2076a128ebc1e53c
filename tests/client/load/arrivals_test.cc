#include "client/load/arrivals.h"

#include "gtest/gtest.h"

namespace attnd::client {
namespace {

TEST(ArrivalsTest, TheRateIsTheOneAskedFor) {
  constexpr int kCount = 100'000;
  PoissonArrivals arrivals(/*rate_per_s=*/50, /*seed=*/1);
  absl::Duration last;
  for (int i = 0; i < kCount; ++i) last = arrivals.Next();
  EXPECT_NEAR(kCount / absl::ToDoubleSeconds(last), 50, 1);
}

TEST(ArrivalsTest, GapsVaryAsMuchAsTheyLast) {
  constexpr int kCount = 100'000;
  PoissonArrivals arrivals(/*rate_per_s=*/1, /*seed=*/1);
  double sum_of_squares = 0;
  absl::Duration last;
  for (int i = 0; i < kCount; ++i) {
    const absl::Duration next = arrivals.Next();
    ASSERT_GE(next, last);
    const double gap = absl::ToDoubleSeconds(next - last);
    sum_of_squares += gap * gap;
    last = next;
  }
  EXPECT_NEAR(sum_of_squares / kCount, 2, 0.1) << "the second moment of an exponential distribution of mean 1";
}

TEST(ArrivalsTest, TheSeedDecidesTheArrivals) {
  PoissonArrivals arrivals(10, 7);
  PoissonArrivals same(10, 7);
  PoissonArrivals other(10, 8);
  const absl::Duration first = arrivals.Next();
  EXPECT_EQ(first, same.Next());
  EXPECT_NE(first, other.Next());
}

}  // namespace
}  // namespace attnd::client
