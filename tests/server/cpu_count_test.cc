#include "server/cpu_count.h"

#include <sched.h>

#include "gtest/gtest.h"

namespace attnd {
namespace {

TEST(ParseCpuMaxTest, IsTheQuotaOverThePeriod) {
  EXPECT_EQ(ParseCpuMax("150000 100000\n"), 1.5);
  EXPECT_EQ(ParseCpuMax("50000 100000"), 0.5);
}

TEST(ParseCpuMaxTest, NoLimitAndOtherTextGiveNothing) {
  for (const char* text : {"max 100000\n", "", "1", "100000", "0 100000", "-1 100000", "100000 0", "a b"}) {
    EXPECT_FALSE(ParseCpuMax(text).has_value()) << text;
  }
}

TEST(UsableCpuCountTest, FollowsTheAffinityMask) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
  EXPECT_LE(UsableCpuCount(), CPU_COUNT(&before));
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
  EXPECT_EQ(UsableCpuCount(), 1);
  ASSERT_EQ(sched_setaffinity(0, sizeof(before), &before), 0);
}

}  // namespace
}  // namespace attnd
