#include "engine/text/merge_queue.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd {
namespace {

using testing::ElementsAre;

uint64_t Key(uint32_t rank, uint32_t place) { return (uint64_t{rank} << 32U) | place; }

TEST(MergeQueueTest, GivesTheLowestRankAndItsPlacesInOrder) {
  MergeQueue queue;
  queue.Push(7, 3);
  queue.Push(2, 9);
  queue.Push(7, 1);
  std::vector<uint64_t> keys;

  ASSERT_TRUE(queue.PopRank(keys));
  EXPECT_THAT(keys, ElementsAre(Key(2, 9)));
  queue.Push(6, 4);
  ASSERT_TRUE(queue.PopRank(keys));
  EXPECT_THAT(keys, ElementsAre(Key(6, 4)));
  ASSERT_TRUE(queue.PopRank(keys));
  EXPECT_THAT(keys, ElementsAre(Key(7, 1), Key(7, 3)));
  EXPECT_FALSE(queue.PopRank(keys));
}

TEST(MergeQueueTest, AgreesWithAMapThroughRandomUseAgainAndAgain) {
  std::mt19937 random(1);
  const auto below = [&random](uint32_t end) { return static_cast<uint32_t>(random() % end); };
  MergeQueue queue;
  for (int round = 0; round < 100; ++round) {
    std::map<uint32_t, std::vector<uint64_t>> expected;
    const auto push = [&](uint32_t rank, uint32_t place) {
      queue.Push(rank, place);
      expected[rank].push_back(Key(rank, place));
    };
    for (uint32_t place = 0; place < 200; ++place) push(below(50'000), place);
    for (std::vector<uint64_t> keys; queue.PopRank(keys);) {
      ASSERT_FALSE(expected.empty());
      const uint32_t rank = expected.begin()->first;
      std::vector<uint64_t> wanted = expected.begin()->second;
      std::sort(wanted.begin(), wanted.end());
      EXPECT_EQ(keys, wanted);
      expected.erase(expected.begin());
      if (below(2) == 0) push(rank + 1 + below(1000), below(200));
    }
    EXPECT_TRUE(expected.empty());
  }
}

}  // namespace
}  // namespace attnd
