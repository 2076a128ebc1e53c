#include "tests/bench/server/cpu_times.h"

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/log/check.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace attnd {
namespace {

absl::Duration TimeOf(clockid_t clock) {
  timespec time = {};
  CHECK_EQ(clock_gettime(clock, &time), 0);
  return absl::DurationFromTimespec(time);
}

}  // namespace

absl::Duration ThreadCpuTime() { return TimeOf(CLOCK_THREAD_CPUTIME_ID); }

absl::Duration ProcessCpuTime(pid_t process) {
  clockid_t clock = 0;
  CHECK_EQ(clock_getcpuclockid(process, &clock), 0);
  return TimeOf(clock);
}

absl::Duration ThreadsCpuTime(pid_t process, absl::string_view name) {
  absl::Duration total;
  for (const auto& thread : std::filesystem::directory_iterator(absl::StrCat("/proc/", process, "/task"))) {
    std::string thread_name;
    std::ifstream(thread.path() / "comm") >> thread_name;
    if (!absl::StartsWith(thread_name, name)) continue;
    // Its first number is the time spent on a CPU.
    int64_t nanoseconds = 0;
    std::ifstream(thread.path() / "schedstat") >> nanoseconds;
    total += absl::Nanoseconds(nanoseconds);
  }
  return total;
}

}  // namespace attnd
