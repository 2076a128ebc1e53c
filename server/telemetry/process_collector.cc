#include "server/telemetry/process_collector.h"

#include <prometheus/metric_type.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/kernel_file.h"
#include "server/telemetry/single_value.h"

namespace attnd {
namespace {

// Fields of /proc/self/stat counted from the one after the command name, which is field 3 in proc_pid_stat(5).
constexpr size_t kUserTicks = 11;
constexpr size_t kSystemTicks = 12;
constexpr size_t kThreads = 17;
constexpr size_t kStartTicks = 19;
constexpr size_t kVirtualBytes = 20;
constexpr size_t kResidentPages = 21;

double BootTimeSeconds() {
  const std::string text = ReadKernelFile("/proc/stat");
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    double seconds = 0;
    if (absl::ConsumePrefix(&line, "btime ") && absl::SimpleAtod(line, &seconds)) return seconds;
  }
  return 0;
}

double OpenFileDescriptorCount() {
  std::error_code error;
  std::filesystem::directory_iterator entries("/proc/self/fd", error);
  if (error) return 0;
  // One of them is the iterator's own.
  return static_cast<double>(std::distance(begin(entries), end(entries)) - 1);
}

double MaxFileDescriptorCount() {
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

}  // namespace

std::optional<ProcessStat> ParseProcessStat(absl::string_view text) {
  // The command name may hold spaces and parentheses; what follows its last one does not.
  const size_t name_end = text.rfind(')');
  if (name_end == absl::string_view::npos) return std::nullopt;
  const std::vector<absl::string_view> fields =
      absl::StrSplit(text.substr(name_end + 1), absl::ByAnyChar(" \n"), absl::SkipEmpty());
  if (fields.size() <= kResidentPages) return std::nullopt;
  bool valid = true;
  const auto number = [&](size_t field) {
    double value = 0;
    valid = absl::SimpleAtod(fields[field], &value) && valid;
    return value;
  };
  const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  const ProcessStat stat = {
      .cpu_seconds = (number(kUserTicks) + number(kSystemTicks)) / ticks_per_second,
      .thread_count = number(kThreads),
      .start_seconds_after_boot = number(kStartTicks) / ticks_per_second,
      .virtual_memory_bytes = number(kVirtualBytes),
      .resident_memory_bytes = number(kResidentPages) * static_cast<double>(sysconf(_SC_PAGESIZE)),
  };
  if (!valid) return std::nullopt;
  return stat;
}

std::vector<prometheus::MetricFamily> ProcessCollector::Collect() const {
  using prometheus::MetricType;
  const ProcessStat stat = ParseProcessStat(ReadKernelFile("/proc/self/stat")).value_or(ProcessStat());
  return {
      SingleValue("process_cpu_seconds_total", "Seconds of CPU time, user and system.", MetricType::Counter,
                  stat.cpu_seconds),
      SingleValue("process_start_time_seconds", "Start of the process in seconds since 1970.", MetricType::Gauge,
                  BootTimeSeconds() + stat.start_seconds_after_boot),
      SingleValue("process_threads", "Threads of the process.", MetricType::Gauge, stat.thread_count),
      SingleValue("process_virtual_memory_bytes", "Bytes of virtual memory.", MetricType::Gauge,
                  stat.virtual_memory_bytes),
      SingleValue("process_resident_memory_bytes", "Bytes of memory in RAM.", MetricType::Gauge,
                  stat.resident_memory_bytes),
      SingleValue("process_open_fds", "Open file descriptors.", MetricType::Gauge, OpenFileDescriptorCount()),
      SingleValue("process_max_fds", "Limit of open file descriptors.", MetricType::Gauge, MaxFileDescriptorCount()),
  };
}

}  // namespace attnd
