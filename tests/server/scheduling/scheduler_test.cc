// The scheduler without threads: the test takes batches and finishes them itself.

#include "server/scheduling/scheduler.h"

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/scheduling/retry_hint.h"
#include "tests/server/scheduling/fakes.h"

namespace attnd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr absl::Duration kPerToken = absl::Milliseconds(1);

class SchedulerTest : public testing::Test {
 protected:
  // Of what no test is about there is enough.
  static SchedulerLimits Limits() {
    return {.max_requests = 1000, .max_tokens = 100000, .max_batch_tokens = 10, .max_batch_requests = 100};
  }

  absl::Status Submit(TestCall& call) { return scheduler_.Submit(call.request()); }
  // Calls of one token of a caller.
  std::vector<std::unique_ptr<TestCall>> SubmitMany(int count, const std::string& caller, int64_t tokens) {
    std::vector<std::unique_ptr<TestCall>> calls;
    for (int i = 0; i < count; ++i) {
      calls.push_back(std::make_unique<TestCall>(std::vector<int64_t>{tokens}));
      EXPECT_TRUE(Submit(calls.back()->Of(caller)).ok());
    }
    return calls;
  }

  // Computes `batch` at kPerToken.
  void Compute(const Batch& batch) {
    clock_.Advance(batch.size.tokens * kPerToken);
    scheduler_.Finish(batch, absl::OkStatus());
  }

  // Takes and computes a batch; the lengths of the inputs in it.
  std::vector<int64_t> Next() {
    const auto batch = scheduler_.Take();
    std::vector<int64_t> token_counts;
    for (const BatchSlice& slice : batch->slices) {
      for (size_t i = slice.first_input; i < slice.first_input + slice.input_count; ++i) {
        token_counts.push_back(slice.request->inputs[i].token_count);
      }
    }
    Compute(*batch);
    return token_counts;
  }

  absl::Time In(absl::Duration duration) const { return clock_.Now() + duration; }

  FakeClock clock_;
  RecordingEvents events_;
  Scheduler scheduler_{Limits(), clock_, events_};
};

// Order and batches.

TEST_F(SchedulerTest, TheHeadThatDidNotFitGoesFirstInTheNextBatch) {
  TestCall first({6});
  TestCall long_one({9});
  TestCall short_one({2});
  ASSERT_TRUE(Submit(first).ok());
  ASSERT_TRUE(Submit(long_one).ok());
  ASSERT_TRUE(Submit(short_one).ok());
  EXPECT_THAT(Next(), ElementsAre(6, 2));
  TestCall urgent({5});
  ASSERT_TRUE(Submit(urgent.At(Priority::kCritical)).ok());
  EXPECT_THAT(Next(), ElementsAre(9));
  EXPECT_THAT(Next(), ElementsAre(5));
}

TEST_F(SchedulerTest, ALargeCallBlocksShortOnesForOneBatchAtMost) {
  TestCall large(std::vector<int64_t>(8, 5));
  TestCall short_one({3});
  ASSERT_TRUE(Submit(large).ok());
  ASSERT_TRUE(Submit(short_one).ok());
  EXPECT_THAT(Next(), ElementsAre(5, 5));
  TestCall late({4});
  ASSERT_TRUE(Submit(late).ok());
  EXPECT_THAT(Next(), ElementsAre(3, 4));
  EXPECT_TRUE(short_one.is_done());
  EXPECT_TRUE(late.is_done());
  for (int batch = 0; batch < 3; ++batch) EXPECT_THAT(Next(), ElementsAre(5, 5));
  EXPECT_TRUE(large.Wait().ok());
  EXPECT_EQ(large.request()->timing.batch_count, 4);
}

TEST_F(SchedulerTest, ALargeCallAmongEndlessShortOnesIsNotStarved) {
  TestCall large({10, 10});
  ASSERT_TRUE(Submit(large).ok());
  std::vector<std::vector<std::unique_ptr<TestCall>>> calls;
  for (int batch = 0; batch < 2000 && !large.is_done(); ++batch) {
    calls.push_back(SubmitMany(2, "", 5));
    Next();
  }
  EXPECT_TRUE(large.is_done());
}

TEST_F(SchedulerTest, ALowCallAmongEndlessCriticalOnesIsNotStarved) {
  TestCall low({10});
  ASSERT_TRUE(Submit(low.At(Priority::kLow)).ok());
  std::vector<std::unique_ptr<TestCall>> calls;
  const absl::Time begin = clock_.Now();
  while (!low.is_done()) {
    calls.push_back(std::make_unique<TestCall>(std::vector<int64_t>{10}));
    ASSERT_TRUE(Submit(calls.back()->At(Priority::kCritical).By(In(absl::Hours(1)))).ok());
    Next();
    ASSERT_LT(calls.size(), 100000U);
  }
  // Three levels up, and one more to come before those that arrive meanwhile.
  EXPECT_LE(clock_.Now() - begin, 4 * Limits().priority_ageing + 20 * kPerToken);
}

TEST_F(SchedulerTest, CallersThatKeepWaitingGetTheSameNumberOfTokens) {
  // One sends three times as many calls as the other, twice as long.
  std::vector<std::vector<std::unique_ptr<TestCall>>> calls;
  calls.push_back(SubmitMany(300, "greedy", 4));
  calls.push_back(SubmitMany(200, "modest", 2));
  int64_t served[2] = {0, 0};
  for (int batch = 0; batch < 60; ++batch) {
    const auto taken = scheduler_.Take();
    for (const BatchSlice& slice : taken->slices) served[slice.request->caller == "modest"] += slice.token_count;
    Compute(*taken);
  }
  EXPECT_GT(served[0] + served[1], 560);
  EXPECT_LE(std::abs(served[0] - served[1]), 2 * Limits().max_batch_tokens);
}

TEST_F(SchedulerTest, ACallerThatWaitsAtALowPriorityDoesNotChangeTheSharesOfOthers) {
  TestCall low({10});
  ASSERT_TRUE(Submit(low.Of("background").At(Priority::kLow)).ok());
  const auto before = SubmitMany(200, "first", 10);
  for (int batch = 0; batch < 50; ++batch) Next();
  const auto calls = SubmitMany(50, "second", 10);
  int served_to_second = 0;
  for (int batch = 0; batch < 20; ++batch) {
    const auto taken = scheduler_.Take();
    served_to_second += taken->slices.front().request->caller == "second" ? 1 : 0;
    Compute(*taken);
  }
  EXPECT_GE(served_to_second, 9);
  EXPECT_LE(served_to_second, 11);
  EXPECT_FALSE(low.is_done());
  scheduler_.Abort();
}

TEST_F(SchedulerTest, ANewCallerIsServedInTheNextBatchHoweverMuchAnotherHasQueued) {
  const auto flood = SubmitMany(500, "greedy", 5);
  Next();
  TestCall other({5});
  ASSERT_TRUE(Submit(other.Of("modest")).ok());
  Next();
  EXPECT_TRUE(other.is_done());
}

// Several batches at once.

TEST_F(SchedulerTest, ACallInTwoBatchesAtOnceIsAnsweredWhenTheLastIsDone) {
  TestCall call({10, 10, 3});
  ASSERT_TRUE(Submit(call).ok());
  const auto first = scheduler_.Take();
  const auto second = scheduler_.Take();
  const auto third = scheduler_.Take();
  EXPECT_EQ(events_.running().tokens, 23);
  Compute(*second);
  Compute(*third);
  EXPECT_FALSE(call.is_done());
  Compute(*first);
  EXPECT_TRUE(call.Wait().ok());
  EXPECT_EQ(events_.running().requests, 0);
}

TEST_F(SchedulerTest, ACallThatFailsInOneOfTwoBatchesIsAnsweredOnceWithTheFailure) {
  TestCall call({10, 10, 10});
  ASSERT_TRUE(Submit(call).ok());
  const auto first = scheduler_.Take();
  const auto second = scheduler_.Take();
  scheduler_.Finish(*first, absl::InternalError("secret detail"));
  EXPECT_FALSE(call.is_done());
  EXPECT_EQ(events_.queued().requests, 0);
  Compute(*second);
  EXPECT_EQ(call.Wait().code(), absl::StatusCode::kInternal);
}

// Those that nobody waits for.

TEST_F(SchedulerTest, ACancelledCallIsDoneAtOnceAndItsPlaceIsFree) {
  TestCall running({10});
  ASSERT_TRUE(Submit(running).ok());
  const auto batch = scheduler_.Take();
  TestCall waiting({7});
  ASSERT_TRUE(Submit(waiting.At(Priority::kHigh)).ok());
  EXPECT_EQ(events_.queued(Priority::kHigh).tokens, 7);
  scheduler_.Cancel(*waiting.request());
  EXPECT_EQ(waiting.Wait().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(events_.queued(Priority::kHigh).requests, 0);
  EXPECT_THAT(events_.cancelled(), ElementsAre(Pair(CancelStage::kQueue, CancelCause::kClient)));
  EXPECT_EQ(events_.wasted_tokens(), 0);
  scheduler_.Cancel(*waiting.request());  // once more does nothing
  Compute(*batch);
  EXPECT_TRUE(running.Wait().ok());
}

TEST_F(SchedulerTest, ACallThatWasCancelledBeforeItCameIsNotComputed) {
  TestCall cancelled({5});
  scheduler_.Cancel(*cancelled.request());
  EXPECT_EQ(Submit(cancelled).code(), absl::StatusCode::kCancelled);
  TestCall late({5});
  scheduler_.Cancel(*late.request());
  EXPECT_EQ(Submit(late.By(In(absl::Milliseconds(10)))).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(events_.cancelled(), ElementsAre(Pair(CancelStage::kQueue, CancelCause::kClient),
                                               Pair(CancelStage::kQueue, CancelCause::kDeadline)));
  EXPECT_EQ(events_.queued().requests, 0);
}

TEST_F(SchedulerTest, LimitsDoNotCountCallsThatHaveExpired) {
  SchedulerLimits limits = Limits();
  limits.max_requests = 1;
  Scheduler scheduler(limits, clock_, events_);
  TestCall expiring({5});
  TestCall next({5});
  ASSERT_TRUE(scheduler.Submit(expiring.By(In(absl::Seconds(1))).request()).ok());
  EXPECT_EQ(scheduler.Submit(next.request()).code(), absl::StatusCode::kResourceExhausted);
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(scheduler.Submit(next.request()).ok());
  EXPECT_EQ(expiring.Wait().code(), absl::StatusCode::kDeadlineExceeded);
  scheduler.Abort();
}

TEST_F(SchedulerTest, ABatchIsAbandonedOnceAllItsCallsAreCancelledOrHaveExpired) {
  TestCall cancelled({3});
  TestCall expiring({4});
  ASSERT_TRUE(Submit(cancelled).ok());
  ASSERT_TRUE(Submit(expiring.By(In(absl::Seconds(1)))).ok());
  const auto batch = scheduler_.Take();
  scheduler_.Cancel(*cancelled.request());
  EXPECT_FALSE(cancelled.is_done());  // the engine still writes its outputs
  EXPECT_FALSE(batch->IsAbandoned(clock_.Now()));
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(batch->IsAbandoned(clock_.Now()));
  scheduler_.Finish(*batch, absl::CancelledError("abandoned"));
  EXPECT_EQ(cancelled.Wait().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(expiring.Wait().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(events_.wasted_tokens(), 7);
}

TEST_F(SchedulerTest, ACallCancelledWhileItIsComputedBesideOthersWastesItsTokensAlone) {
  TestCall cancelled({3, 3, 9});
  TestCall other({4});
  ASSERT_TRUE(Submit(cancelled).ok());
  ASSERT_TRUE(Submit(other).ok());
  const auto batch = scheduler_.Take();
  scheduler_.Cancel(*cancelled.request());
  EXPECT_EQ(events_.queued().tokens, 0);  // what waited of it has left
  Compute(*batch);
  EXPECT_EQ(cancelled.Wait().code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(other.Wait().ok());
  EXPECT_EQ(events_.wasted_tokens(), 6);
  EXPECT_THAT(events_.cancelled(), ElementsAre(Pair(CancelStage::kCompute, CancelCause::kClient)));
}

TEST_F(SchedulerTest, ACallThatIsCancelledAsItsDeadlinePassesCountsAsExpired) {
  TestCall call({5});
  ASSERT_TRUE(Submit(call.By(In(absl::Seconds(1)))).ok());
  clock_.Advance(absl::Milliseconds(995));
  scheduler_.Cancel(*call.request());
  EXPECT_EQ(call.Wait().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(events_.cancelled(), ElementsAre(Pair(CancelStage::kQueue, CancelCause::kDeadline)));
}

TEST_F(SchedulerTest, AThousandCancelledCallsLeaveNothingBehind) {
  std::vector<std::unique_ptr<TestCall>> calls;
  for (int i = 0; i < 1000; ++i) {
    calls.push_back(std::make_unique<TestCall>(std::vector<int64_t>{1 + i % 10, 5}));
    ASSERT_TRUE(Submit(calls.back()->Of(std::to_string(i % 7)).By(In(absl::Seconds(1 + i % 3)))).ok());
  }
  const auto batch = scheduler_.Take();
  for (const auto& call : calls) scheduler_.Cancel(*call->request());
  scheduler_.Finish(*batch, absl::CancelledError("abandoned"));
  for (const auto& call : calls) EXPECT_TRUE(call->is_done());
  EXPECT_EQ(events_.queued().tokens, 0);
  EXPECT_EQ(events_.running().tokens, 0);
  EXPECT_EQ(scheduler_.totals().dropped, 1000);
  TestCall next({2});
  ASSERT_TRUE(Submit(next).ok());
  EXPECT_THAT(Next(), ElementsAre(2));
}

// Admission.

TEST_F(SchedulerTest, ADeadlineThatCannotBeMetIsRefusedOnceTheCostOfATokenIsMeasured) {
  TestCall unmeasured({10});
  ASSERT_TRUE(Submit(unmeasured.By(In(absl::Milliseconds(1)))).ok());
  scheduler_.Cancel(*unmeasured.request());
  TestCall measured({10});
  ASSERT_TRUE(Submit(measured).ok());
  Next();
  TestCall ahead({10, 10});
  ASSERT_TRUE(Submit(ahead.By(In(absl::Milliseconds(35)))).ok());
  TestCall too_late({6});
  const absl::Status status = Submit(too_late.By(In(absl::Milliseconds(15))).At(Priority::kLow));
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(status.message()), HasSubstr("estimated 16 ms"));
  EXPECT_THAT(events_.rejected(), ElementsAre(RejectReason::kDeadlineInfeasible));
  TestCall in_time({6});
  EXPECT_TRUE(Submit(in_time.By(In(absl::Milliseconds(16))).At(Priority::kLow)).ok());
  scheduler_.Abort();
}

TEST_F(SchedulerTest, AnEstimateThatRefusesEverythingIsMeasuredAgain) {
  TestCall slow({10});
  ASSERT_TRUE(Submit(slow).ok());
  const auto batch = scheduler_.Take();
  clock_.Advance(100 * batch->size.tokens * kPerToken);
  scheduler_.Finish(*batch, absl::OkStatus());
  const auto submit = [&](TestCall& call) { return Submit(call.By(In(20 * kPerToken))).code(); };
  TestCall refused({10});
  EXPECT_EQ(submit(refused), absl::StatusCode::kDeadlineExceeded);
  clock_.Advance(absl::Milliseconds(999));
  EXPECT_EQ(submit(refused), absl::StatusCode::kDeadlineExceeded);
  clock_.Advance(absl::Milliseconds(1));
  TestCall probe({4});
  EXPECT_EQ(submit(probe), absl::StatusCode::kOk);
  EXPECT_EQ(submit(refused), absl::StatusCode::kDeadlineExceeded);  // one at a time
  scheduler_.Finish(*scheduler_.Take(), absl::CancelledError("abandoned"));
  // Only one with more time may do better.
  EXPECT_EQ(submit(refused), absl::StatusCode::kDeadlineExceeded);
  TestCall patient({4});
  EXPECT_TRUE(Submit(patient.By(In(30 * kPerToken))).ok());
  Next();
  TestCall accepted({10});
  EXPECT_EQ(submit(accepted), absl::StatusCode::kOk);
  Next();
}

TEST_F(SchedulerTest, WhatFitsInABatchIsComputedByOneEngineHoweverManyThereAre) {
  SchedulerLimits limits = Limits();
  limits.worker_count = 4;
  Scheduler scheduler(limits, clock_, events_);
  TestCall measured({10});
  ASSERT_TRUE(scheduler.Submit(measured.request()).ok());
  const auto batch = scheduler.Take();
  clock_.Advance(10 * kPerToken);
  scheduler.Finish(*batch, absl::OkStatus());
  TestCall one({10});
  EXPECT_EQ(scheduler.Submit(one.By(In(9 * kPerToken)).request()).code(), absl::StatusCode::kDeadlineExceeded);
  TestCall one_batch({5, 5});
  EXPECT_EQ(scheduler.Submit(one_batch.By(In(9 * kPerToken)).request()).code(), absl::StatusCode::kDeadlineExceeded);
  TestCall several({10, 10, 10, 10});
  EXPECT_TRUE(scheduler.Submit(several.By(In(10 * kPerToken)).request()).ok());
  scheduler.Abort();
}

TEST_F(SchedulerTest, ADeadlineThatIsMetByGoingFirstIsAccepted) {
  TestCall measured({10});
  ASSERT_TRUE(Submit(measured).ok());
  Next();
  const auto flood = SubmitMany(100, "greedy", 10);
  TestCall earliest({10});
  EXPECT_TRUE(Submit(earliest.Of("greedy").By(In(absl::Milliseconds(10)))).ok());
  TestCall other_caller({10});
  EXPECT_TRUE(Submit(other_caller.Of("modest").By(In(absl::Milliseconds(40)))).ok());
  scheduler_.Abort();
}

TEST_F(SchedulerTest, BatchesThatAreFarFromFullDoNotTellTheCostOfAToken) {
  TestCall small({4});
  ASSERT_TRUE(Submit(small).ok());
  Next();
  const auto queued = SubmitMany(10, "", 10);
  EXPECT_EQ(scheduler_.EstimatedQueueDelay(), absl::ZeroDuration());
  Next();
  EXPECT_EQ(scheduler_.EstimatedQueueDelay(), 90 * kPerToken);
  EXPECT_EQ(events_.load().estimated_queue_delay, 90 * kPerToken);
  scheduler_.Abort();
}

TEST_F(SchedulerTest, TheEstimateCountsWhatIsLeftOfTheRunningBatch) {
  const auto calls = SubmitMany(4, "", 10);
  Next();
  const auto running = scheduler_.Take();
  EXPECT_EQ(scheduler_.EstimatedQueueDelay(), 30 * kPerToken);
  clock_.Advance(4 * kPerToken);
  EXPECT_EQ(scheduler_.EstimatedQueueDelay(), 26 * kPerToken);
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(scheduler_.EstimatedQueueDelay(), 20 * kPerToken);
  scheduler_.Finish(*running, absl::OkStatus());
  scheduler_.Abort();
}

TEST_F(SchedulerTest, AFullQueueRefusesWithTheTimeAfterWhichToTryAgain) {
  SchedulerLimits limits = Limits();
  limits.max_requests = 3;
  Scheduler scheduler(limits, clock_, events_);
  std::vector<std::unique_ptr<TestCall>> calls;
  for (int i = 0; i < 4; ++i) {
    calls.push_back(std::make_unique<TestCall>(std::vector<int64_t>(10, 10)));
    if (i == 3) break;
    ASSERT_TRUE(scheduler.Submit(calls.back()->request()).ok());
  }
  const auto batch = scheduler.Take();
  clock_.Advance(batch->size.tokens * kPerToken);
  scheduler.Finish(*batch, absl::OkStatus());
  const absl::Status status = scheduler.Submit(calls.back()->request());
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(RetryDelay(status), 290 * kPerToken);
  scheduler.Abort();
}

TEST_F(SchedulerTest, RepliesThatNeedNoEngineCountBesideTheOthers) {
  SchedulerLimits limits = Limits();
  limits.max_pending_reply_bytes = 10;
  Scheduler scheduler(limits, clock_, events_);
  EXPECT_TRUE(scheduler.HoldReplyBytes(11).ok());  // the only one
  EXPECT_EQ(scheduler.HoldReplyBytes(1).code(), absl::StatusCode::kResourceExhausted);
  scheduler.ReleaseReplyBytes(11);
  EXPECT_TRUE(scheduler.HoldReplyBytes(8).ok());
  TestCall call({1}, /*reply_bytes=*/3);
  EXPECT_EQ(scheduler.Submit(call.request()).code(), absl::StatusCode::kResourceExhausted);
  const absl::Status status = scheduler.HoldReplyBytes(3);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(RetryDelay(status), absl::Milliseconds(50));
  scheduler.ReleaseReplyBytes(8);
  EXPECT_TRUE(scheduler.Submit(call.request()).ok());
  scheduler.Abort();
}

TEST_F(SchedulerTest, AbortingEndsWhatIsComputedBeforeItsNextLayer) {
  TestCall running({5, 9});
  TestCall cancelled({5});
  ASSERT_TRUE(Submit(running).ok());
  ASSERT_TRUE(Submit(cancelled).ok());
  const auto batch = scheduler_.Take();
  scheduler_.Cancel(*cancelled.request());
  EXPECT_FALSE(batch->IsAbandoned(clock_.Now()));
  scheduler_.Abort();
  EXPECT_TRUE(batch->IsAbandoned(clock_.Now()));
  EXPECT_FALSE(scheduler_.WaitUntilDrained(absl::ZeroDuration()));
  EXPECT_EQ(scheduler_.totals().unfinished, 2);
  scheduler_.Finish(*batch, absl::CancelledError("abandoned"));
  EXPECT_EQ(running.Wait().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(cancelled.Wait().code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(scheduler_.WaitUntilDrained(absl::ZeroDuration()));
  EXPECT_EQ(scheduler_.totals().unfinished, 0);
}

TEST_F(SchedulerTest, NothingWaitsWhenItIsClosedAndEmpty) {
  TestCall call({1});
  ASSERT_TRUE(Submit(call).ok());
  scheduler_.Close();
  EXPECT_THAT(Next(), ElementsAre(1));
  EXPECT_THAT(events_.close_reasons(), ElementsAre(CloseReason::kDrain));
  EXPECT_FALSE(scheduler_.Take().has_value());
  EXPECT_TRUE(scheduler_.WaitUntilDrained(absl::ZeroDuration()));
  EXPECT_THAT(events_.rejected(), IsEmpty());
}

}  // namespace
}  // namespace attnd
