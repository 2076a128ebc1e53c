// The tables: who goes first, what fits beside it, when a batch is due.

#include "server/scheduling/policy.h"

#include <deque>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/scheduling/served_model.h"

namespace attnd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const absl::Time kNow = absl::UnixEpoch() + absl::Hours(1);

class PolicyTest : public testing::Test {
 protected:
  // A request that has just arrived, with inputs of these lengths.
  WaitingRequest& Add(const std::vector<int64_t>& token_counts) {
    const std::vector<int64_t>& kept = token_counts_.emplace_back(token_counts);
    requests_.push_back(
        {.arrival = static_cast<int64_t>(requests_.size()), .waiting_since = kNow, .token_counts = kept});
    return requests_.back();
  }

  BatchPlan Plan(bool draining = false) const {
    return PlanBatch(std::vector<WaitingRequest>(requests_.begin(), requests_.end()), limits_, kNow, draining);
  }

  // Indices of the requests in the next batch, in its order.
  std::vector<size_t> Taken() const {
    std::vector<size_t> taken;
    for (const PlannedSlice& slice : Plan().slices) taken.push_back(slice.request);
    return taken;
  }

  int64_t Ahead(size_t index) const {
    return TokensAhead(std::vector<WaitingRequest>(requests_.begin(), requests_.end()), index, limits_, kNow);
  }

  SchedulerLimits limits_ = {.max_batch_tokens = 10, .max_batch_requests = 8, .priority_ageing = absl::Seconds(2)};
  std::deque<WaitingRequest> requests_;  // addresses stay

 private:
  std::deque<std::vector<int64_t>> token_counts_;
};

TEST_F(PolicyTest, AnEmptyQueueGivesAnEmptyPlan) {
  EXPECT_THAT(Plan().slices, IsEmpty());
  EXPECT_EQ(Plan().size.tokens, 0);
}

TEST_F(PolicyTest, TakesEverythingThatFitsInOrderOfArrival) {
  Add({3, 4});
  Add({3});
  const BatchPlan plan = Plan();
  EXPECT_THAT(Taken(), ElementsAre(0, 1));
  EXPECT_EQ(plan.slices[0].input_count, 2);
  EXPECT_EQ(plan.size.tokens, 10);
  EXPECT_EQ(plan.size.requests, 2);
  EXPECT_EQ(plan.close_reason, CloseReason::kWorkerIdle);
}

TEST_F(PolicyTest, ABatchNeverExceedsTheTokenBudgetNorTheRequestLimit) {
  for (int i = 0; i < 20; ++i) Add({1 + i % 4});
  limits_.max_batch_requests = 3;
  EXPECT_EQ(Plan().size.requests, 3);
  EXPECT_EQ(Plan().close_reason, CloseReason::kMaxRequests);
  limits_.max_batch_requests = 100;
  EXPECT_EQ(Plan().size.tokens, 10);
  EXPECT_EQ(Plan().close_reason, CloseReason::kTokenBudget);
}

TEST_F(PolicyTest, ALargeRequestIsSpreadInputByInput) {
  Add({6, 4, 7, 2});
  const BatchPlan plan = Plan();
  EXPECT_EQ(plan.slices[0].input_count, 2);
  EXPECT_EQ(plan.close_reason, CloseReason::kTokenBudget);
}

TEST_F(PolicyTest, SaysWhyABatchTookNoMore) {
  Add({1});
  EXPECT_EQ(Plan().close_reason, CloseReason::kWorkerIdle);
  EXPECT_EQ(Plan(/*draining=*/true).close_reason, CloseReason::kDrain);
  limits_.max_queue_delay = absl::Milliseconds(1);
  EXPECT_EQ(Plan().close_reason, CloseReason::kDelay);
}

TEST_F(PolicyTest, ABatchHoldsRequestsForOneModel) {
  const ServedModel old_model;
  const ServedModel new_model;
  Add({1}).model = &old_model;
  Add({2}).model = &new_model;
  Add({3}).model = &old_model;
  EXPECT_THAT(Taken(), ElementsAre(0, 2));
  EXPECT_EQ(Plan().close_reason, CloseReason::kOtherModel);
  EXPECT_THAT(Plan().overtaken, IsEmpty());
}

// Look-ahead.

TEST_F(PolicyTest, WhatFitsBehindAnInputThatDoesNotIsTakenInItsPlace) {
  Add({6});
  Add({5});
  Add({1});
  Add({7});
  Add({3});
  const BatchPlan plan = Plan();
  EXPECT_THAT(Taken(), ElementsAre(0, 2, 4));
  EXPECT_THAT(plan.overtaken, ElementsAre(1, 3));
  EXPECT_EQ(plan.close_reason, CloseReason::kTokenBudget);
}

TEST_F(PolicyTest, TheRequestPassedOverAtTheHeadGoesFirstInTheNextBatch) {
  Add({3}).priority = Priority::kCritical;
  Add({9}).goes_first = true;
  Add({1});
  EXPECT_THAT(Taken(), ElementsAre(1, 2));
}

TEST_F(PolicyTest, NothingPassesARequestThatWasOvertakenOftenEnough) {
  Add({6});
  Add({5}).times_overtaken = kMaxTimesOvertaken;
  Add({1});
  EXPECT_THAT(Taken(), ElementsAre(0));
}

TEST_F(PolicyTest, LooksOnlySoFarAhead) {
  Add({6});
  for (int i = 0; i < kMaxLookAhead + 1; ++i) Add({5});
  Add({1});
  EXPECT_THAT(Taken(), ElementsAre(0));
  EXPECT_THAT(Plan().overtaken, IsEmpty());
}

TEST_F(PolicyTest, ARequestThatWasTakenInPartIsNotOvertaken) {
  Add({6, 6});
  Add({2});
  EXPECT_THAT(Taken(), ElementsAre(0, 1));
  EXPECT_THAT(Plan().overtaken, IsEmpty());
}

// Order.

TEST_F(PolicyTest, EarlierDeadlinesGoFirst) {
  Add({4});
  Add({4}).deadline = kNow + absl::Seconds(2);
  Add({4}).deadline = kNow + absl::Seconds(1);
  EXPECT_THAT(Taken(), ElementsAre(2, 1));
}

TEST_F(PolicyTest, HigherPrioritiesGoBeforeEarlierDeadlines) {
  Add({3}).priority = Priority::kLow;
  Add({3}).deadline = kNow + absl::Seconds(1);
  Add({3}).priority = Priority::kHigh;
  Add({1}).priority = Priority::kCritical;
  EXPECT_THAT(Taken(), ElementsAre(3, 2, 1, 0));
}

TEST_F(PolicyTest, ARequestRisesByOnePriorityEachTimeItHasWaitedForTheAgeingTime) {
  WaitingRequest& waiting = Add({6});
  waiting.priority = Priority::kLow;
  Add({6}).priority = Priority::kHigh;
  requests_[1].arrival = -1;  // of two that are equal it is first
  const std::pair<absl::Duration, size_t> cases[] = {{absl::Seconds(0), 1}, {absl::Milliseconds(3999), 1},
                                                     {absl::Seconds(4), 1}, {absl::Milliseconds(5999), 1},
                                                     {absl::Seconds(6), 0}, {absl::Hours(1), 0}};
  for (const auto& [waited, first] : cases) {
    waiting.waiting_since = kNow - waited;
    EXPECT_EQ(Taken()[0], first) << waited;
  }
}

TEST_F(PolicyTest, WhoHasWaitedLongEnoughComesBeforeNewCriticalRequests) {
  WaitingRequest& waiting = Add({6});
  waiting.priority = Priority::kLow;
  waiting.waiting_since = kNow - absl::Seconds(8);
  WaitingRequest& critical = Add({6});
  critical.priority = Priority::kCritical;
  critical.deadline = kNow + absl::Milliseconds(1);
  EXPECT_THAT(Taken(), ElementsAre(0));
}

TEST_F(PolicyTest, ARequestWithManyInputsTakesTurnsWithOthers) {
  Add({10, 10, 10}).turns = 1;
  Add({2});
  WaitingRequest& soon = Add({3, 7});
  soon.turns = 1;
  soon.deadline = kNow + absl::Seconds(1);
  EXPECT_THAT(Taken(), ElementsAre(1, 2));
}

TEST_F(PolicyTest, ACallerAheadOfItsShareGoesBehindTheOthers) {
  WaitingRequest& ahead = Add({6});
  ahead.caller = 1;
  ahead.caller_lead_tokens = 10;
  ahead.deadline = kNow + absl::Seconds(1);
  Add({6}).caller = 2;
  EXPECT_THAT(Taken(), ElementsAre(1));
}

TEST_F(PolicyTest, WithinABatchOfTokensDeadlinesDecideBetweenCallers) {
  WaitingRequest& ahead = Add({6});
  ahead.caller = 1;
  ahead.caller_lead_tokens = 9;
  ahead.deadline = kNow + absl::Seconds(1);
  Add({6}).caller = 2;
  EXPECT_THAT(Taken(), ElementsAre(0));
}

TEST_F(PolicyTest, ACallerWithManyRequestsLeavesRoomForOneWithFew) {
  for (int i = 0; i < 30; ++i) Add({5}).caller = 1;
  Add({5}).caller = 2;
  // Two requests use up a batch; the third is behind the other caller's only one.
  EXPECT_EQ(Ahead(1), 5);
  EXPECT_EQ(Ahead(30), 10);
  EXPECT_EQ(Ahead(2), 15);
}

TEST_F(PolicyTest, PrioritiesComeBeforeShares) {
  WaitingRequest& ahead = Add({6});
  ahead.caller = 1;
  ahead.caller_lead_tokens = 1000;
  ahead.priority = Priority::kHigh;
  Add({6}).caller = 2;
  EXPECT_THAT(Taken(), ElementsAre(0));
}

TEST_F(PolicyTest, TokensAheadAreThoseOfTheTurnsBefore) {
  Add({8, 8, 8});
  Add({4}).priority = Priority::kLow;
  Add({3});
  EXPECT_EQ(Ahead(0), 0);
  EXPECT_EQ(Ahead(2), 10);  // one turn, at most a batch
  EXPECT_EQ(Ahead(1), 13);
}

// When a batch is due.

TEST(BatchDueTest, AtOnceUnlessThereIsADelay) {
  const QueueSummary queue{.size = {.requests = 1, .tokens = 1}, .oldest_arrival = kNow};
  EXPECT_EQ(BatchDueAt(queue, {}), absl::InfinitePast());
}

TEST(BatchDueTest, WhenTheOldestHasWaitedForTheDelay) {
  const QueueSummary queue{.size = {.requests = 1, .tokens = 1}, .oldest_arrival = kNow};
  EXPECT_EQ(BatchDueAt(queue, {.max_queue_delay = absl::Milliseconds(3)}), kNow + absl::Milliseconds(3));
}

TEST(BatchDueTest, AtOnceWhenItIsFull) {
  const SchedulerLimits limits{
      .max_batch_tokens = 10, .max_batch_requests = 3, .max_queue_delay = absl::Milliseconds(3)};
  EXPECT_EQ(BatchDueAt({.size = {.requests = 1, .tokens = 10}, .oldest_arrival = kNow}, limits), absl::InfinitePast());
  EXPECT_EQ(BatchDueAt({.size = {.requests = 3, .tokens = 3}, .oldest_arrival = kNow}, limits), absl::InfinitePast());
  EXPECT_GT(BatchDueAt({.size = {.requests = 2, .tokens = 9}, .oldest_arrival = kNow}, limits), kNow);
}

TEST(BatchDueTest, AtOnceWhenADeadlineWouldPassMeanwhile) {
  QueueSummary queue{.size = {.requests = 1, .tokens = 1}, .oldest_arrival = kNow};
  const SchedulerLimits limits{.max_queue_delay = absl::Milliseconds(3)};
  queue.earliest_deadline = kNow + absl::Milliseconds(3);
  EXPECT_EQ(BatchDueAt(queue, limits), absl::InfinitePast());
  queue.earliest_deadline = kNow + absl::Milliseconds(4);
  EXPECT_EQ(BatchDueAt(queue, limits), kNow + absl::Milliseconds(3));
}

}  // namespace
}  // namespace attnd
