#include "engine/ops/thread_team.h"

#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd {
namespace {

class ThreadTeamTest : public testing::TestWithParam<int> {};

TEST_P(ThreadTeamTest, EveryItemRunsOnceInEveryLoop) {
  ThreadTeam team(GetParam());
  for (const int64_t count : {0, 1, 2, 7, 1000}) {
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

}  // namespace
}  // namespace attnd
