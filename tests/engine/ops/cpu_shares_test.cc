#include "engine/ops/cpu_shares.h"

#include <sched.h>

#include <numeric>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(DivideCpusTest, OneEngineMayUseAnyCpu) {
  const auto shares = DivideCpus({0, 1, 2, 3}, 4, 1);
  ASSERT_EQ(shares.size(), 1);
  EXPECT_EQ(shares[0].thread_count, 4);
  EXPECT_THAT(shares[0].cpus, IsEmpty());
}

TEST(DivideCpusTest, NeighboursGoToTheSameEngine) {
  const auto shares = DivideCpus({0, 1, 4, 5}, 4, 2);
  ASSERT_EQ(shares.size(), 2);
  EXPECT_THAT(shares[0].cpus, ElementsAre(0, 1));
  EXPECT_THAT(shares[1].cpus, ElementsAre(4, 5));
}

TEST(DivideCpusTest, WhatDoesNotDivideGoesToTheFirst) {
  const auto shares = DivideCpus({0, 1, 2, 3, 4}, 5, 3);
  ASSERT_EQ(shares.size(), 3);
  EXPECT_THAT(shares[0].cpus, ElementsAre(0, 1));
  EXPECT_THAT(shares[1].cpus, ElementsAre(2, 3));
  EXPECT_THAT(shares[2].cpus, ElementsAre(4));
}

TEST(DivideCpusTest, FewerThreadsThanCpusMayMoveWithinTheirShare) {
  const auto shares = DivideCpus({0, 1, 2, 3, 4, 5}, 2, 2);
  ASSERT_EQ(shares.size(), 2);
  EXPECT_EQ(shares[0].thread_count, 1);
  EXPECT_THAT(shares[0].cpus, ElementsAre(0, 1, 2));
  EXPECT_THAT(shares[1].cpus, ElementsAre(3, 4, 5));
}

TEST(DivideCpusTest, MoreThreadsThanCpusMayGoAnywhere) {
  for (const CpuShare& share : DivideCpus({0, 1}, 4, 2)) {
    EXPECT_EQ(share.thread_count, 2);
    EXPECT_THAT(share.cpus, IsEmpty());
  }
}

TEST(DivideCpusTest, EveryThreadHasACpuOfItsShareAndNoCpuIsInTwo) {
  std::vector<int> cpus(13);
  std::iota(cpus.begin(), cpus.end(), 0);
  for (int threads = 1; threads <= 13; ++threads) {
    for (int count = 2; count <= threads; ++count) {
      int all_threads = 0;
      std::vector<int> given;
      for (const CpuShare& share : DivideCpus(cpus, threads, count)) {
        EXPECT_GE(share.cpus.size(), static_cast<size_t>(share.thread_count)) << threads << " / " << count;
        all_threads += share.thread_count;
        given.insert(given.end(), share.cpus.begin(), share.cpus.end());
      }
      EXPECT_EQ(all_threads, threads);
      EXPECT_EQ(given, cpus);
    }
  }
}

TEST(StayOnCpusTest, AThreadStaysWhereItIsToldTo) {
  const std::vector<int> allowed = AllowedCpus();
  ASSERT_FALSE(allowed.empty());
  std::thread([&] {
    StayOnCpus({});
    EXPECT_EQ(AllowedCpus(), allowed);
    StayOnCpus({allowed.back()});
    EXPECT_THAT(AllowedCpus(), ElementsAre(allowed.back()));
    EXPECT_EQ(sched_getcpu(), allowed.back());
  }).join();
  EXPECT_EQ(AllowedCpus(), allowed);
}

}  // namespace
}  // namespace attnd
