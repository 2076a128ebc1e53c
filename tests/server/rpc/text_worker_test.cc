#include "server/rpc/text_worker.h"

#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/scheduling/retry_hint.h"

namespace attnd {
namespace {

constexpr int64_t kLong = kShortTextBytes + 1;

// A message that is nothing but text.
MessageSize TextOf(int64_t byte_count) { return {.text_bytes = byte_count, .held_bytes = byte_count}; }

TEST(TextWorkerTest, ShortTextIsDealtWithAtOnceOnTheCallersThread) {
  TextWorker worker(/*max_waiting_bytes=*/0);
  std::thread::id thread;
  EXPECT_TRUE(worker.Run(TextOf(kShortTextBytes), [&] { thread = std::this_thread::get_id(); }).ok());
  EXPECT_EQ(thread, std::this_thread::get_id());
}

TEST(TextWorkerTest, LongTextIsDealtWithElsewhereInOrderAndNoneIsForgotten) {
  std::vector<int> done;
  std::thread::id thread;
  {
    TextWorker worker(100 * kLong);
    for (int i = 0; i < 10; ++i) {
      EXPECT_TRUE(worker
                      .Run(TextOf(kLong),
                           [&, i] {
                             done.push_back(i);
                             thread = std::this_thread::get_id();
                           })
                      .ok());
    }
  }
  EXPECT_THAT(done, testing::ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST(TextWorkerTest, RefusesWhatWouldMakeTooMuchWait) {
  absl::Notification started;
  absl::Notification may_end;
  int done = 0;
  {
    TextWorker worker(2 * kLong);
    ASSERT_TRUE(worker
                    .Run(TextOf(kLong),
                         [&] {
                           started.Notify();
                           may_end.WaitForNotification();
                         })
                    .ok());
    started.WaitForNotification();
    EXPECT_TRUE(worker.Run(TextOf(3 * kLong), [&] { ++done; }).ok());
    const absl::Status status = worker.Run(TextOf(kLong), [&] { ++done; });
    EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
    EXPECT_TRUE(RetryDelay(status).has_value());
    EXPECT_TRUE(worker.Run(TextOf(kShortTextBytes), [&] { ++done; }).ok());
    may_end.Notify();
  }
  EXPECT_EQ(done, 2);
}

TEST(TextWorkerTest, AMessageCountsForAllThatItHolds) {
  absl::Notification may_end;
  {
    TextWorker worker(2 * kLong);
    ASSERT_TRUE(worker.Run(TextOf(kLong), [&] { may_end.WaitForNotification(); }).ok());
    // Whether the first has begun or waits, one more of its size may wait.
    ASSERT_TRUE(worker.Run(TextOf(kLong), [] {}).ok());
    const MessageSize large = {.text_bytes = kLong, .held_bytes = 100 * kLong};
    EXPECT_TRUE(absl::IsResourceExhausted(worker.Run(large, [] {})));
    may_end.Notify();
  }
}

}  // namespace
}  // namespace attnd
