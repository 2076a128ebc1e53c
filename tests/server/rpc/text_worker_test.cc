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

using testing::ElementsAre;

constexpr int64_t kLong = kShortTextBytes + 1;

// A message that is nothing but text.
MessageSize TextOf(int64_t byte_count) { return {.text_bytes = byte_count, .held_bytes = byte_count}; }

// Work that counts itself by what it is given.
class Outcomes {
 public:
  TextWorker::Work Count() {
    return [this](const absl::Status& status) { codes_.push_back(status.code()); };
  }
  const std::vector<absl::StatusCode>& codes() const { return codes_; }

 private:
  std::vector<absl::StatusCode> codes_;
};

// Work that keeps the worker's thread busy until it is let go.
class Obstacle {
 public:
  explicit Obstacle(TextWorker& worker) {
    worker.Run(TextOf(kLong), [this](const absl::Status& status) {
      EXPECT_TRUE(status.ok()) << status;
      started_.Notify();
      may_end_.WaitForNotification();
    });
    started_.WaitForNotification();
  }
  void LetGo() { may_end_.Notify(); }

 private:
  absl::Notification started_;
  absl::Notification may_end_;
};

TEST(TextWorkerTest, ShortTextIsDealtWithAtOnceOnTheCallersThread) {
  TextWorker worker(/*max_waiting_bytes=*/0);
  std::thread::id thread;
  worker.Run(TextOf(kShortTextBytes), [&](const absl::Status& status) {
    EXPECT_TRUE(status.ok()) << status;
    thread = std::this_thread::get_id();
  });
  EXPECT_EQ(thread, std::this_thread::get_id());
}

TEST(TextWorkerTest, LongTextIsDealtWithElsewhereInOrderAndNoneIsForgotten) {
  std::vector<int> done;
  std::thread::id thread;
  {
    TextWorker worker(100 * kLong);
    for (int i = 0; i < 10; ++i) {
      worker.Run(TextOf(kLong), [&, i](const absl::Status& status) {
        EXPECT_TRUE(status.ok()) << status;
        done.push_back(i);
        thread = std::this_thread::get_id();
      });
    }
  }
  EXPECT_THAT(done, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST(TextWorkerTest, RefusesWhatWouldMakeTooMuchWait) {
  Outcomes waiting;
  {
    TextWorker worker(2 * kLong);
    Obstacle obstacle(worker);
    worker.Run(TextOf(3 * kLong), waiting.Count());
    absl::Status refused;
    worker.Run(TextOf(kLong), [&](const absl::Status& status) { refused = status; });
    EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
    EXPECT_TRUE(RetryDelay(refused).has_value());
    Outcomes brief;
    worker.Run(TextOf(kShortTextBytes), brief.Count());
    EXPECT_THAT(brief.codes(), ElementsAre(absl::StatusCode::kOk));
    obstacle.LetGo();
  }
  EXPECT_THAT(waiting.codes(), ElementsAre(absl::StatusCode::kOk));
}

TEST(TextWorkerTest, AMessageCountsForAllThatItHolds) {
  Outcomes waiting;
  {
    TextWorker worker(2 * kLong);
    Obstacle obstacle(worker);
    worker.Run(TextOf(kLong), waiting.Count());
    Outcomes large;
    worker.Run({.text_bytes = kLong, .held_bytes = 100 * kLong}, large.Count());
    EXPECT_THAT(large.codes(), ElementsAre(absl::StatusCode::kResourceExhausted));
    obstacle.LetGo();
  }
  EXPECT_THAT(waiting.codes(), ElementsAre(absl::StatusCode::kOk));
}

TEST(TextWorkerTest, ClosingRefusesWhatWaitsAndWhatComesAndWaitsForTheRest) {
  TextWorker worker(/*max_waiting_bytes=*/int64_t{1} << 62);
  Obstacle obstacle(worker);
  Outcomes outcomes;
  int count = 1;
  worker.Run(TextOf(kLong), outcomes.Count());
  std::thread closing([&] { worker.Close(); });
  // Once it is closed, one is refused at once.
  for (; outcomes.codes().empty(); ++count) {
    worker.Run(TextOf(kLong), outcomes.Count());
    std::this_thread::yield();
  }
  obstacle.LetGo();
  closing.join();
  EXPECT_EQ(outcomes.codes(), std::vector(static_cast<size_t>(count), absl::StatusCode::kUnavailable));
  Outcomes brief;
  worker.Run(TextOf(kShortTextBytes), brief.Count());
  EXPECT_THAT(brief.codes(), ElementsAre(absl::StatusCode::kOk));
}

}  // namespace
}  // namespace attnd
