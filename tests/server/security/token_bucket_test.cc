#include "server/security/token_bucket.h"

#include "gtest/gtest.h"
#include "tests/server/scheduling/fakes.h"

namespace attnd {
namespace {

class TokenBucketTest : public testing::Test {
 protected:
  FakeClock clock_;
  TokenBucket bucket_{10, 100, clock_};
};

TEST_F(TokenBucketTest, IsFullAtFirstAndHoldsNoMoreThanTheBurst) {
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(bucket_.Take(60), absl::ZeroDuration());
  EXPECT_EQ(bucket_.Take(40), absl::ZeroDuration());
  EXPECT_EQ(bucket_.Take(1), absl::Milliseconds(100));
}

TEST_F(TokenBucketTest, SaysWhenTheTokensWillBeThereAndTakesNothingBefore) {
  bucket_.Take(100);
  EXPECT_EQ(bucket_.Take(50), absl::Seconds(5));
  clock_.Advance(absl::Seconds(4));
  EXPECT_EQ(bucket_.Take(50), absl::Seconds(1));
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(bucket_.Take(50), absl::ZeroDuration());
  EXPECT_EQ(bucket_.Take(10), absl::Seconds(1));
}

TEST_F(TokenBucketTest, TheWaitIsExactAtRatesThatDivideNothingEvenly) {
  TokenBucket odd(7, 1000, clock_);
  odd.Take(1000);
  for (const int64_t count : {1, 2, 3, 13, 999, 1000}) {
    const absl::Duration wait = odd.Take(count);
    ASSERT_GT(wait, absl::Nanoseconds(1));
    clock_.Advance(wait - absl::Nanoseconds(1));
    EXPECT_GT(odd.Take(count), absl::ZeroDuration()) << count;
    clock_.Advance(absl::Nanoseconds(1));
    EXPECT_EQ(odd.Take(count), absl::ZeroDuration()) << count;
  }
}

TEST_F(TokenBucketTest, OverALongTimeTheRateIsKept) {
  bucket_.Take(100);
  int64_t taken = 0;
  for (int step = 0; step < 1000; ++step) {
    clock_.Advance(absl::Milliseconds(333));
    while (bucket_.Take(1) == absl::ZeroDuration()) ++taken;
  }
  EXPECT_EQ(taken, 3330);
}

TEST_F(TokenBucketTest, WhatIsGivenBackCanBeTakenAgainUpToTheBurst) {
  bucket_.Take(100);
  bucket_.Return(100);
  bucket_.Return(100);
  EXPECT_EQ(bucket_.Take(100), absl::ZeroDuration());
  EXPECT_EQ(bucket_.Take(10), absl::Seconds(1));
}

TEST_F(TokenBucketTest, AClockSetBackGivesAndTakesNothing) {
  bucket_.Take(100);
  clock_.Advance(-absl::Minutes(30));
  EXPECT_EQ(bucket_.Take(10), absl::Seconds(1));
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(bucket_.Take(10), absl::ZeroDuration());
}

}  // namespace
}  // namespace attnd
