#include "server/telemetry/process_collector.h"

#include <fcntl.h>
#include <unistd.h>

#include <ctime>
#include <optional>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/telemetry/exposition.h"

namespace attnd {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Ge;
using testing::Gt;
using testing::HasSubstr;
using testing::Key;
using testing::Le;

// A stat file of proc_pid_stat(5) up to its field 25, of a process with this name.
std::string StatOf(const std::string& name) {
  return absl::StrCat("42 (", name, ") S 1 42 42 0 -1 4194560 9 0 0 0 300 200 0 0 20 0 7 0 5000 8192 3 99999\n");
}

Samples Collect() { return ParseSamples(Render(ProcessCollector())); }

// CPU time of this process as the C library tells it.
double CpuSeconds() {
  timespec now = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return absl::ToDoubleSeconds(absl::DurationFromTimespec(now));
}

TEST(ParseProcessStatTest, ConvertsToBaseUnits) {
  const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  const std::optional<ProcessStat> stat = ParseProcessStat(StatOf("attnd"));
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->cpu_seconds, 500 / ticks_per_second);
  EXPECT_EQ(stat->thread_count, 7);
  EXPECT_EQ(stat->start_seconds_after_boot, 5000 / ticks_per_second);
  EXPECT_EQ(stat->virtual_memory_bytes, 8192);
  EXPECT_EQ(stat->resident_memory_bytes, 3.0 * static_cast<double>(sysconf(_SC_PAGESIZE)));
}

TEST(ParseProcessStatTest, TheNameMayHoldAnything) {
  for (const char* name : {"", "a b", ") S 1 2 3", "((", "x) (y", "line\nbreak"}) {
    const std::optional<ProcessStat> stat = ParseProcessStat(StatOf(name));
    ASSERT_TRUE(stat.has_value()) << name;
    EXPECT_EQ(stat->thread_count, 7) << name;
  }
}

TEST(ParseProcessStatTest, RefusesWhatIsNoStatFile) {
  EXPECT_FALSE(ParseProcessStat("").has_value());
  EXPECT_FALSE(ParseProcessStat("no name").has_value());
  EXPECT_FALSE(ParseProcessStat("42 (attnd) S 1 42").has_value());
  std::string text = StatOf("attnd");
  text.replace(text.find(" 8192 "), 6, " many ");
  EXPECT_FALSE(ParseProcessStat(text).has_value());
}

TEST(ProcessCollectorTest, HasTheUsualNamesAndTypes) {
  EXPECT_THAT(Collect(), ElementsAre(Key("process_cpu_seconds_total"), Key("process_max_fds"), Key("process_open_fds"),
                                     Key("process_resident_memory_bytes"), Key("process_start_time_seconds"),
                                     Key("process_threads"), Key("process_virtual_memory_bytes")));
  const std::string text = Render(ProcessCollector());
  EXPECT_THAT(text, HasSubstr("# TYPE process_cpu_seconds_total counter\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE process_resident_memory_bytes gauge\n"));
}

TEST(ProcessCollectorTest, MemoryIsResidentAndWithinTheVirtual) {
  Samples samples = Collect();
  EXPECT_GT(samples["process_resident_memory_bytes"], 1e6);
  EXPECT_LE(samples["process_resident_memory_bytes"], samples["process_virtual_memory_bytes"]);
}

TEST(ProcessCollectorTest, CpuTimeGrowsWithWork) {
  constexpr double kTick = 0.01;
  const double before = Collect()["process_cpu_seconds_total"];
  const double start = CpuSeconds();
  EXPECT_THAT(before, AllOf(Ge(0), Le(start + kTick)));
  while (CpuSeconds() < start + 10 * kTick) {
  }
  EXPECT_THAT(Collect()["process_cpu_seconds_total"], AllOf(Gt(before), Le(CpuSeconds() + kTick)));
}

TEST(ProcessCollectorTest, StartedBeforeNowAndNotLongAgo) {
  const double now = absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch());
  // The time of boot is known to the second only.
  EXPECT_THAT(Collect()["process_start_time_seconds"], AllOf(Le(now + 1), Ge(now - 600)));
}

TEST(ProcessCollectorTest, CountsAnotherThread) {
  const double before = Collect()["process_threads"];
  absl::Notification stop;
  std::thread thread([&] { stop.WaitForNotification(); });
  // The first thread may bring one of a sanitizer with it.
  EXPECT_GT(Collect()["process_threads"], before);
  stop.Notify();
  thread.join();
}

TEST(ProcessCollectorTest, CountsAnotherFileDescriptor) {
  const double before = Collect()["process_open_fds"];
  const int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(file, 0);
  EXPECT_EQ(Collect()["process_open_fds"], before + 1);
  close(file);
  EXPECT_EQ(Collect()["process_open_fds"], before);
}

}  // namespace
}  // namespace attnd
