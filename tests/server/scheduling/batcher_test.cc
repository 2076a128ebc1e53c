#include "server/scheduling/batcher.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/scheduling/scheduler.h"
#include "tests/server/scheduling/fakes.h"

namespace attnd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

class BatcherTest : public testing::Test {
 protected:
  static constexpr absl::Duration kBatchDuration = absl::Milliseconds(7);

  ~BatcherTest() override {
    engine_->Permit(1000);
    batcher_.reset();
  }

  // A call that keeps the engine busy until Permit.
  void Occupy() {
    ASSERT_TRUE(scheduler_.Submit(occupant_.request()).ok());
    engine_->WaitForBatches(1);
  }

  FakeClock clock_;
  RecordingEvents events_;
  std::shared_ptr<FakeEngine> engine_ = std::make_shared<FakeEngine>(clock_, kBatchDuration);
  Scheduler scheduler_{
      {.max_requests = 3, .max_tokens = 20, .max_pending_reply_bytes = 100, .max_batch_tokens = 10}, clock_, events_};
  std::unique_ptr<Batcher> batcher_ =
      std::make_unique<Batcher>(scheduler_, [this](const Request&) -> Engine& { return *engine_; }, clock_, events_);
  TestCall occupant_{{1}};
};

TEST_F(BatcherTest, ComputesEveryInputAndReportsWhereTheTimeWent) {
  Occupy();
  TestCall call({3, 5});
  ASSERT_TRUE(scheduler_.Submit(call.request()).ok());
  engine_->Permit(2);
  EXPECT_TRUE(call.Wait().ok());
  const Request& request = *call.request();
  EXPECT_THAT(request.outputs[0].embedding, ElementsAre(3));
  EXPECT_THAT(request.outputs[1].embedding, ElementsAre(5));
  EXPECT_EQ(request.timing.queue, kBatchDuration);
  EXPECT_EQ(request.timing.compute, kBatchDuration);
  EXPECT_EQ(request.timing.batch_tokens, 8);
  EXPECT_EQ(request.timing.batch_requests, 1);
  EXPECT_EQ(request.timing.batch_count, 1);
  EXPECT_THAT(events_.totals(), ElementsAre(kBatchDuration, 2 * kBatchDuration));
}

TEST_F(BatcherTest, WaitingCallsShareTheNextBatch) {
  Occupy();
  TestCall first({2});
  TestCall second({3, 4});
  ASSERT_TRUE(scheduler_.Submit(first.request()).ok());
  ASSERT_TRUE(scheduler_.Submit(second.request()).ok());
  engine_->Permit(2);
  EXPECT_TRUE(second.Wait().ok());
  EXPECT_THAT(engine_->WaitForBatches(2), ElementsAre(ElementsAre(1), ElementsAre(2, 3, 4)));
  EXPECT_EQ(first.request()->timing.batch_requests, 2);
  EXPECT_EQ(first.request()->timing.batch_tokens, 9);
}

TEST_F(BatcherTest, CallsForTwoModelsAreComputedInTwoBatches) {
  Occupy();
  TestCall first({2});
  TestCall second({3});
  first.request()->model = std::make_shared<ServedModel>();
  second.request()->model = std::make_shared<ServedModel>();
  ASSERT_TRUE(scheduler_.Submit(first.request()).ok());
  ASSERT_TRUE(scheduler_.Submit(second.request()).ok());
  engine_->Permit(3);
  EXPECT_TRUE(second.Wait().ok());
  EXPECT_THAT(engine_->WaitForBatches(3), ElementsAre(ElementsAre(1), ElementsAre(2), ElementsAre(3)));
}

TEST_F(BatcherTest, ACallLargerThanABatchIsSpreadAndItsTimesAddUp) {
  Occupy();
  TestCall call({6, 4, 7});
  ASSERT_TRUE(scheduler_.Submit(call.request()).ok());
  engine_->Permit(3);
  EXPECT_TRUE(call.Wait().ok());
  EXPECT_THAT(engine_->WaitForBatches(3), ElementsAre(ElementsAre(1), ElementsAre(6, 4), ElementsAre(7)));
  EXPECT_EQ(call.request()->timing.compute, 2 * kBatchDuration);
  EXPECT_EQ(call.request()->timing.batch_tokens, 17);
  EXPECT_EQ(call.request()->timing.batch_count, 2);
  EXPECT_THAT(events_.close_reasons(),
              ElementsAre(CloseReason::kWorkerIdle, CloseReason::kTokenBudget, CloseReason::kWorkerIdle));
}

TEST_F(BatcherTest, AFullQueueRefusesByRequests) {
  Occupy();
  std::vector<std::unique_ptr<TestCall>> calls;
  for (int i = 0; i < 3; ++i) {
    calls.push_back(std::make_unique<TestCall>(std::vector<int64_t>{1}));
    ASSERT_TRUE(scheduler_.Submit(calls.back()->request()).ok());
  }
  TestCall refused({1});
  const absl::Status status = scheduler_.Submit(refused.request());
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("3"));
  EXPECT_THAT(events_.rejected(), ElementsAre(RejectReason::kQueueRequests));
  engine_->Permit(10);
  for (const auto& call : calls) EXPECT_TRUE(call->Wait().ok());
  EXPECT_FALSE(refused.is_done());
}

TEST_F(BatcherTest, AFullQueueRefusesByTokensYetAnEmptyOneTakesAnyCall) {
  Occupy();
  TestCall large({10, 10, 10});
  ASSERT_TRUE(scheduler_.Submit(large.request()).ok());
  TestCall refused({1});
  const absl::Status status = scheduler_.Submit(refused.request());
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("limit of 20"));
  EXPECT_THAT(events_.rejected(), ElementsAre(RejectReason::kQueueTokens));
  engine_->Permit(10);
  EXPECT_TRUE(large.Wait().ok());
}

TEST_F(BatcherTest, RepliesNobodyHasReadRefuseFurtherCallsUntilTheyAreReleased) {
  engine_->Permit(10);
  TestCall finished({1}, /*reply_bytes=*/60);
  ASSERT_TRUE(scheduler_.Submit(finished.request()).ok());
  EXPECT_TRUE(finished.Wait().ok());
  TestCall refused({1}, /*reply_bytes=*/41);
  const absl::Status status = scheduler_.Submit(refused.request());
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("replies of 60 bytes"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("this call's 41 would exceed the limit of 100"));
  EXPECT_THAT(events_.rejected(), ElementsAre(RejectReason::kReplyBytes));
  TestCall fitting({1}, /*reply_bytes=*/40);
  EXPECT_TRUE(scheduler_.Submit(fitting.request()).ok());
  scheduler_.ReleaseReply(*finished.request());
  EXPECT_TRUE(scheduler_.Submit(refused.request()).ok());
  EXPECT_TRUE(fitting.Wait().ok());
  EXPECT_TRUE(refused.Wait().ok());
}

TEST_F(BatcherTest, AReplyOfAnySizePassesWhenNoneIsPending) {
  engine_->Permit(10);
  TestCall large({1}, /*reply_bytes=*/1000);
  ASSERT_TRUE(scheduler_.Submit(large.request()).ok());
  TestCall refused({1}, /*reply_bytes=*/1);
  EXPECT_EQ(scheduler_.Submit(refused.request()).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(large.Wait().ok());
}

TEST_F(BatcherTest, ACancelledCallIsNotComputed) {
  Occupy();
  TestCall call({5});
  ASSERT_TRUE(scheduler_.Submit(call.request()).ok());
  scheduler_.Cancel(*call.request());
  engine_->Permit(10);
  EXPECT_EQ(call.Wait().code(), absl::StatusCode::kCancelled);
  EXPECT_THAT(engine_->WaitForBatches(1), ElementsAre(ElementsAre(1)));
  EXPECT_THAT(events_.cancelled(), ElementsAre(Pair(CancelStage::kQueue, CancelCause::kClient)));
}

TEST_F(BatcherTest, ACallWhoseDeadlinePassesInTheQueueIsNotComputed) {
  Occupy();
  TestCall call({5});
  call.request()->deadline = clock_.Now() + kBatchDuration / 2;
  ASSERT_TRUE(scheduler_.Submit(call.request()).ok());
  engine_->Permit(10);
  EXPECT_EQ(call.Wait().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(engine_->WaitForBatches(1), ElementsAre(ElementsAre(1)));
  EXPECT_THAT(events_.cancelled(), ElementsAre(Pair(CancelStage::kQueue, CancelCause::kDeadline)));
}

TEST_F(BatcherTest, ACallWhoseDeadlinePassesBetweenItsBatchesIsNotComputedFurther) {
  TestCall call({10, 10});
  call.request()->deadline = clock_.Now() + kBatchDuration / 2;
  ASSERT_TRUE(scheduler_.Submit(call.request()).ok());
  engine_->Permit(10);
  EXPECT_EQ(call.Wait().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(engine_->WaitForBatches(1), ElementsAre(ElementsAre(10)));
  EXPECT_THAT(events_.cancelled(), ElementsAre(Pair(CancelStage::kCompute, CancelCause::kDeadline)));
}

TEST_F(BatcherTest, ACallThatArrivesLateIsRefused) {
  TestCall call({1});
  call.request()->deadline = clock_.Now();
  EXPECT_EQ(scheduler_.Submit(call.request()).code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(BatcherTest, ClosingFinishesWhatWasAcceptedAndRefusesTheRest) {
  Occupy();
  TestCall accepted({5});
  ASSERT_TRUE(scheduler_.Submit(accepted.request()).ok());
  scheduler_.Close();
  TestCall refused({1});
  EXPECT_EQ(scheduler_.Submit(refused.request()).code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(events_.rejected(), ElementsAre(RejectReason::kDraining));
  EXPECT_FALSE(scheduler_.WaitUntilDrained(absl::ZeroDuration()));
  engine_->Permit(10);
  EXPECT_TRUE(scheduler_.WaitUntilDrained(absl::InfiniteDuration()));
  EXPECT_TRUE(accepted.Wait().ok());
  EXPECT_EQ(scheduler_.totals().completed, 2);
  EXPECT_EQ(scheduler_.totals().dropped, 0);
}

TEST_F(BatcherTest, AbortingEndsEverythingWithUnavailable) {
  Occupy();
  TestCall waiting({5});
  ASSERT_TRUE(scheduler_.Submit(waiting.request()).ok());
  scheduler_.Abort();
  engine_->Permit(10);
  EXPECT_EQ(waiting.Wait().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(occupant_.Wait().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(scheduler_.WaitUntilDrained(absl::InfiniteDuration()));
  EXPECT_EQ(engine_->abandoned(), 1);
  EXPECT_EQ(scheduler_.totals().dropped, 2);
}

TEST_F(BatcherTest, ABatchThatThereIsNoMemoryForFailsAndTheBatcherLives) {
  engine_->RunOutOfMemory();
  for (int i = 0; i < 2; ++i) {
    TestCall call({1});
    ASSERT_TRUE(scheduler_.Submit(call.request()).ok());
    engine_->Permit(1);
    EXPECT_EQ(call.Wait().code(), absl::StatusCode::kResourceExhausted);
  }
}

TEST_F(BatcherTest, AnEngineErrorFailsTheCallsOfThatBatchAndNoOther) {
  engine_->FailWith(absl::InternalError("secret detail"));
  TestCall spread({10, 10});
  ASSERT_TRUE(scheduler_.Submit(spread.request()).ok());
  engine_->WaitForBatches(1);
  engine_->Permit(1);
  EXPECT_EQ(spread.Wait().code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(spread.Wait().message()), testing::Not(HasSubstr("secret")));
  engine_->FailWith(absl::OkStatus());
  TestCall good({2});
  ASSERT_TRUE(scheduler_.Submit(good.request()).ok());
  engine_->Permit(1);
  EXPECT_TRUE(good.Wait().ok());
  EXPECT_THAT(engine_->WaitForBatches(2), ElementsAre(ElementsAre(10), ElementsAre(2)));
}

TEST_F(BatcherTest, LoadIsReportedAsItMoves) {
  Occupy();
  TestCall call({4, 4, 4});
  ASSERT_TRUE(scheduler_.Submit(call.request()).ok());
  EXPECT_EQ(events_.queued().requests, 1);
  EXPECT_EQ(events_.queued().tokens, 12);
  EXPECT_EQ(events_.running().tokens, 1);
  engine_->Permit(1);
  engine_->WaitForBatches(2);
  EXPECT_EQ(events_.queued().tokens, 4);
  EXPECT_EQ(events_.running().tokens, 8);
  engine_->Permit(2);
  EXPECT_TRUE(call.Wait().ok());
  EXPECT_EQ(events_.queued().requests, 0);
  EXPECT_EQ(events_.running().requests, 0);
}

TEST_F(BatcherTest, ABatchThatNobodyWaitsForStopsBetweenLayers) {
  TestCall call({5});
  ASSERT_TRUE(scheduler_.Submit(call.request()).ok());
  engine_->WaitForBatches(1);
  scheduler_.Cancel(*call.request());
  engine_->Permit(1);
  EXPECT_EQ(call.Wait().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(engine_->abandoned(), 1);
  EXPECT_EQ(events_.wasted_tokens(), 5);
  EXPECT_THAT(events_.cancelled(), ElementsAre(Pair(CancelStage::kCompute, CancelCause::kClient)));
}

TEST_F(BatcherTest, ABatchThatOneCallWaitsForIsComputed) {
  Occupy();
  TestCall cancelled({5});
  TestCall awaited({4});
  ASSERT_TRUE(scheduler_.Submit(cancelled.request()).ok());
  ASSERT_TRUE(scheduler_.Submit(awaited.request()).ok());
  engine_->Permit(1);
  engine_->WaitForBatches(2);
  scheduler_.Cancel(*cancelled.request());
  engine_->Permit(1);
  EXPECT_TRUE(awaited.Wait().ok());
  EXPECT_EQ(cancelled.Wait().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(engine_->abandoned(), 0);
}

TEST_F(BatcherTest, ACancelledCallIsDoneWhileAnotherIsComputed) {
  Occupy();
  TestCall call({5});
  ASSERT_TRUE(scheduler_.Submit(call.request()).ok());
  scheduler_.Cancel(*call.request());
  EXPECT_EQ(call.Wait().code(), absl::StatusCode::kCancelled);
  EXPECT_FALSE(occupant_.is_done());
}

TEST_F(BatcherTest, TheTimeSpentOnBatchesIsToldByWorker) {
  Occupy();
  engine_->Permit(1);
  EXPECT_TRUE(occupant_.Wait().ok());
  EXPECT_THAT(events_.busy(), ElementsAre(Pair(0, kBatchDuration)));
}

// With a delay, on threads that wait for the time.
class DelayTest : public BatcherTest {
 protected:
  static constexpr absl::Duration kDelay = absl::Milliseconds(4);

  DelayTest() {
    batcher_.reset();
    engine_->Permit(1000);
  }

  Scheduler delaying_{{.max_batch_tokens = 10, .max_batch_requests = 3, .max_queue_delay = kDelay}, clock_, events_};
  Batcher delayed_{delaying_, [this](const Request&) -> Engine& { return *engine_; }, clock_, events_};
};

TEST_F(DelayTest, ABatchWaitsForMoreUntilItsFirstCallHasWaitedForTheDelay) {
  TestCall first({2});
  TestCall second({3});
  ASSERT_TRUE(delaying_.Submit(first.request()).ok());
  clock_.Advance(kDelay - absl::Nanoseconds(1));
  ASSERT_TRUE(delaying_.Submit(second.request()).ok());
  clock_.Advance(absl::Nanoseconds(1));
  EXPECT_TRUE(second.Wait().ok());
  EXPECT_THAT(engine_->WaitForBatches(1), ElementsAre(ElementsAre(2, 3)));
  EXPECT_THAT(events_.close_reasons(), ElementsAre(CloseReason::kDelay));
  EXPECT_EQ(first.request()->timing.queue, kDelay);
}

TEST_F(DelayTest, AFullBatchDoesNotWait) {
  TestCall first({2});
  TestCall second({9});
  ASSERT_TRUE(delaying_.Submit(first.request()).ok());
  ASSERT_TRUE(delaying_.Submit(second.request()).ok());
  engine_->WaitForBatches(1);
  EXPECT_TRUE(first.Wait().ok());
  delaying_.Close();
  EXPECT_TRUE(second.Wait().ok());
}

TEST_F(DelayTest, ClosingEndsTheWait) {
  TestCall call({2});
  ASSERT_TRUE(delaying_.Submit(call.request()).ok());
  delaying_.Close();
  EXPECT_TRUE(call.Wait().ok());
  EXPECT_THAT(events_.close_reasons(), ElementsAre(CloseReason::kDrain));
}

// Several batchers on one scheduler, and callers that come, go and give up.
TEST(BatchersTest, EveryAcceptedCallIsAnsweredExactlyOnce) {
  constexpr int kWorkers = 3;
  constexpr int kCallers = 4;
  constexpr int kCalls = 300;
  FakeClock clock;
  RecordingEvents events;
  Scheduler scheduler({.max_batch_tokens = 10, .max_batch_requests = 4, .worker_count = kWorkers}, clock, events);
  std::vector<std::unique_ptr<FakeEngine>> engines;
  std::vector<std::unique_ptr<Batcher>> batchers;
  for (int worker = 0; worker < kWorkers; ++worker) {
    FakeEngine& engine = *engines.emplace_back(std::make_unique<FakeEngine>(clock, absl::Milliseconds(1)));
    engine.Permit(1 << 30);
    batchers.push_back(std::make_unique<Batcher>(
        scheduler, [&engine](const Request&) -> Engine& { return engine; }, clock, events, worker));
  }
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&scheduler, &clock, caller] {
      std::vector<std::unique_ptr<TestCall>> calls;
      for (int i = 0; i < kCalls; ++i) {
        TestCall& call = *calls.emplace_back(std::make_unique<TestCall>(std::vector<int64_t>{1 + i % 10, 7, 3}));
        call.Of(std::to_string(caller)).At(static_cast<Priority>(i % kPriorityCount));
        if (i % 5 == 0) call.By(clock.Now() + absl::Milliseconds(i % 50));
        if (!scheduler.Submit(call.request()).ok()) {
          calls.pop_back();
        } else if (i % 3 == 0) {
          scheduler.Cancel(*call.request());
        }
      }
      for (const auto& call : calls) {
        if (!call->Wait().ok()) continue;
        const std::vector<SequenceOutput>& outputs = call->request()->outputs;
        EXPECT_EQ(outputs[0].embedding[0], static_cast<float>(call->request()->inputs[0].token_count));
        EXPECT_EQ(outputs[2].embedding[0], 3);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  scheduler.Close();
  EXPECT_TRUE(scheduler.WaitUntilDrained(absl::InfiniteDuration()));
  batchers.clear();
  for (const Load& load : events.load().queued) EXPECT_EQ(load.requests, 0);
  for (const Load& load : events.load().running) EXPECT_EQ(load.tokens, 0);
}

}  // namespace
}  // namespace attnd
