#include "server/cpu_count.h"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace attnd {
namespace {

int AffinityCount() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return CPU_COUNT(&set);
}

}  // namespace

std::optional<double> ParseCpuMax(absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> fields =
      absl::StrSplit(absl::StripAsciiWhitespace(text), absl::MaxSplits(' ', 1));
  double quota = 0;
  double period = 0;
  if (!absl::SimpleAtod(fields.first, &quota) || !absl::SimpleAtod(fields.second, &period)) return std::nullopt;
  if (quota <= 0 || period <= 0) return std::nullopt;
  return quota / period;
}

int UsableCpuCount() {
  int count = AffinityCount();
  // Inside a container its own cgroup is the root of what it sees.
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  std::string text;
  if (std::getline(file, text)) {
    if (const auto granted = ParseCpuMax(text)) count = std::min(count, static_cast<int>(*granted));
  }
  return std::max(count, 1);
}

}  // namespace attnd
