#include "engine/ops/thread_team.h"

#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd {
namespace {

class ThreadTeamTest : public testing::TestWithParam<int> {};

TEST_P(ThreadTeamTest, EveryItemRunsOnceInEveryLoop) {
  ThreadTeam team(GetParam());
  const ThreadTeam::Activity activity(team);
  for (int round = 0; round < 200; ++round) {
    for (const int64_t count : {0, 1, 2, 7, 100}) {
      std::vector<std::atomic<int>> calls(static_cast<size_t>(count));
      const absl::Status status = team.ParallelFor(count, [&](int64_t item, int worker) {
        EXPECT_GE(worker, 0);
        EXPECT_LT(worker, team.thread_count());
        ++calls[static_cast<size_t>(item)];
      });
      EXPECT_TRUE(status.ok());
      EXPECT_THAT(calls, testing::Each(testing::Eq(1)));
    }
  }
}

TEST_P(ThreadTeamTest, AnExceptionBecomesAnErrorAndTheNextLoopWorks) {
  ThreadTeam team(GetParam());
  const absl::Status failed = team.ParallelFor(10, [](int64_t item, int) {
    if (item == 3) throw std::runtime_error("no luck");
  });
  EXPECT_EQ(failed.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(failed.message(), "no luck");
  EXPECT_TRUE(team.ParallelFor(10, [](int64_t, int) {}).ok());
}

INSTANTIATE_TEST_SUITE_P(ThreadCounts, ThreadTeamTest, testing::Values(1, 2, 5));

TEST(ThreadTeamTest, TheThreadsShareTheItems) {
  ThreadTeam team(3);
  // Each waits until all have one, so no thread can take two.
  std::atomic<int> started = 0;
  absl::Notification all_started;
  const absl::Status status = team.ParallelFor(3, [&](int64_t, int) {
    if (++started == 3) all_started.Notify();
    all_started.WaitForNotification();
  });
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(started, 3);
}

}  // namespace
}  // namespace attnd
