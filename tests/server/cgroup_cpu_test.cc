#include "server/cgroup_cpu.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace attnd {
namespace {

// A folder that looks like /sys/fs/cgroup.
class CgroupCpuTest : public testing::Test {
 protected:
  CgroupCpuTest() { std::filesystem::create_directories(root_ + "/cpu"); }
  ~CgroupCpuTest() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(absl::StrCat(root_, "/", name)) << text;
  }

  // Of 40 periods, for 2.5 s together.
  void ExpectThrottledThreeTimes(double limit_cores) const {
    const auto cpu = ReadCgroupCpu(root_);
    ASSERT_TRUE(cpu.has_value());
    EXPECT_EQ(cpu->limit_cores, limit_cores);
    EXPECT_EQ(cpu->periods, 40);
    EXPECT_EQ(cpu->throttled_periods, 3);
    EXPECT_DOUBLE_EQ(cpu->throttled_seconds, 2.5);
  }

  const std::string root_ =
      absl::StrCat(testing::TempDir(), "cgroup_", testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(CgroupCpuTest, Version2SaysItInMicroseconds) {
  Write("cpu.max", "150000 100000\n");
  Write("cpu.stat", "usage_usec 900\nnr_periods 40\nnr_throttled 3\nthrottled_usec 2500000\n");
  ExpectThrottledThreeTimes(1.5);
}

TEST_F(CgroupCpuTest, Version1SaysItInNanoseconds) {
  Write("cpu/cpu.cfs_quota_us", "50000\n");
  Write("cpu/cpu.cfs_period_us", "100000\n");
  Write("cpu/cpu.stat", "nr_periods 40\nnr_throttled 3\nthrottled_time 2500000000\n");
  ExpectThrottledThreeTimes(0.5);
}

TEST_F(CgroupCpuTest, WithoutALimitThereIsNothing) {
  EXPECT_FALSE(ReadCgroupCpu(root_).has_value());
  EXPECT_FALSE(ReadCgroupCpu(root_ + "/nowhere").has_value());
  Write("cpu/cpu.cfs_quota_us", "-1\n");
  Write("cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_FALSE(ReadCgroupCpu(root_).has_value());
  for (const char* text : {"max 100000\n", "", "1", "100000", "0 100000", "-1 100000", "100000 0", "a b", "nan 1"}) {
    Write("cpu.max", text);
    EXPECT_FALSE(ReadCgroupCpu(root_).has_value()) << text;
  }
}

TEST_F(CgroupCpuTest, WhatCannotBeReadOfItsPastIsZero) {
  Write("cpu.max", "100000 100000\n");
  Write("cpu.stat", "nr_periods many\nthrottled_usec\n");
  const auto cpu = ReadCgroupCpu(root_);
  ASSERT_TRUE(cpu.has_value());
  EXPECT_EQ(cpu->limit_cores, 1);
  EXPECT_EQ(cpu->periods, 0);
  EXPECT_EQ(cpu->throttled_periods, 0);
  EXPECT_EQ(cpu->throttled_seconds, 0);
}

}  // namespace
}  // namespace attnd
