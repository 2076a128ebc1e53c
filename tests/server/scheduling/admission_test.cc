#include "server/scheduling/admission.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/scheduling/cost_estimate.h"
#include "server/scheduling/retry_hint.h"

namespace attnd {
namespace {

using testing::HasSubstr;

constexpr SchedulerLimits kLimits = {.max_requests = 3, .max_tokens = 20, .max_pending_reply_bytes = 100};

void ExpectRefused(const std::optional<Refusal>& refusal, RejectReason reason, const char* text) {
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->reason, reason);
  EXPECT_EQ(refusal->status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refusal->status.message()), HasSubstr(text));
}

TEST(CapacityTest, EveryLimitIsTheLastValueThatPasses) {
  const Occupancy taken{.queued = {.requests = 2, .tokens = 15}, .pending_reply_bytes = 60};
  EXPECT_FALSE(CheckCapacity(kLimits, taken, {.tokens = 5, .reply_bytes = 40}).has_value());
  ExpectRefused(CheckCapacity(kLimits, taken, {.tokens = 6, .reply_bytes = 40}), RejectReason::kQueueTokens,
                "the queue holds 15 tokens, and this call's 6 would exceed its limit of 20");
  ExpectRefused(CheckCapacity(kLimits, taken, {.tokens = 5, .reply_bytes = 41}), RejectReason::kReplyBytes,
                "replies of 60 bytes are computed or not yet read, and this call's 41 would exceed the limit of 100");
  const Occupancy full{.queued = {.requests = 3, .tokens = 3}};
  ExpectRefused(CheckCapacity(kLimits, full, {.tokens = 1}), RejectReason::kQueueRequests, "3 calls, its limit (3)");
}

TEST(CapacityTest, AnEmptyQueueTakesACallOfAnySizeAndSoDoPendingReplies) {
  EXPECT_FALSE(CheckCapacity(kLimits, {}, {.tokens = 1000, .reply_bytes = 1000}).has_value());
}

TEST(CapacityTest, ARefusalSaysWhenToTryAgain) {
  Occupancy full{.queued = {.requests = 3, .tokens = 3}, .estimated_queue_delay = absl::Milliseconds(730)};
  EXPECT_EQ(RetryDelay(CheckCapacity(kLimits, full, {})->status), absl::Milliseconds(730));
  full.estimated_queue_delay = absl::ZeroDuration();
  EXPECT_EQ(RetryDelay(CheckCapacity(kLimits, full, {})->status), absl::Milliseconds(50));
}

TEST(DeadlineTest, ACallThatWouldBeDoneTooLateIsRefusedWithTheEstimate) {
  EXPECT_FALSE(CheckDeadline(absl::Milliseconds(10), absl::Milliseconds(10)).has_value());
  const auto refusal = CheckDeadline(absl::Milliseconds(10), absl::Milliseconds(11));
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->reason, RejectReason::kDeadlineInfeasible);
  EXPECT_EQ(refusal->status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(refusal->status.message()),
              HasSubstr("would be done in an estimated 11 ms, and its deadline is in 10 ms"));
}

TEST(DeadlineTest, ADeadlineThatHasPassedIsRefusedWithoutAnEstimate) {
  EXPECT_TRUE(CheckDeadline(absl::ZeroDuration(), absl::ZeroDuration()).has_value());
  EXPECT_FALSE(CheckDeadline(absl::InfiniteDuration(), absl::InfiniteDuration()).has_value());
}

TEST(CostEstimateTest, FollowsTheMeasuredCostOfATokenInBatchesThatAreNearFull) {
  CostEstimate cost;
  EXPECT_FALSE(cost.measured());
  EXPECT_EQ(cost.Of(1000), absl::ZeroDuration());
  cost.Add(100, absl::Milliseconds(100), /*near_full=*/true);
  EXPECT_TRUE(cost.measured());
  EXPECT_EQ(cost.Of(50), absl::Milliseconds(50));
  cost.Add(10, absl::Milliseconds(20), /*near_full=*/true);
  EXPECT_EQ(cost.Of(10), absl::Milliseconds(12));
  for (int i = 0; i < 50; ++i) cost.Add(10, absl::Milliseconds(20), /*near_full=*/true);
  EXPECT_NEAR(absl::ToDoubleMilliseconds(cost.Of(10)), 20, 0.01);
}

TEST(CostEstimateTest, ASmallBatchBeginsNoEstimateAndRaisesNone) {
  CostEstimate cost;
  cost.Add(1, absl::Milliseconds(10), /*near_full=*/false);
  EXPECT_FALSE(cost.measured());
  cost.Add(100, absl::Milliseconds(100), /*near_full=*/true);
  cost.Add(1, absl::Milliseconds(10), /*near_full=*/false);
  EXPECT_EQ(cost.Of(1), absl::Milliseconds(1));
}

TEST(CostEstimateTest, AfterTheMachineStoodStillSmallBatchesMendIt) {
  CostEstimate cost;
  cost.Add(100, absl::Hours(1), /*near_full=*/true);
  cost.Add(10, absl::Milliseconds(20), /*near_full=*/false);
  EXPECT_EQ(cost.Of(10), absl::Milliseconds(20));
}

TEST(CostEstimateTest, ABatchDuringWhichTheMachineStoodStillDoesNotDoubleIt) {
  CostEstimate cost;
  cost.Add(100, absl::Milliseconds(100), /*near_full=*/true);
  cost.Add(100, absl::Hours(1), /*near_full=*/true);
  EXPECT_LT(cost.Of(100), absl::Milliseconds(200));
}

TEST(CostEstimateTest, ATimeThatRanBackwardsIsNoMeasurement) {
  CostEstimate cost;
  cost.Add(100, absl::Milliseconds(100), /*near_full=*/true);
  cost.Add(100, -absl::Seconds(1), /*near_full=*/true);
  cost.Add(1, absl::ZeroDuration(), /*near_full=*/false);
  EXPECT_EQ(cost.Of(100), absl::Milliseconds(100));
}

}  // namespace
}  // namespace attnd
