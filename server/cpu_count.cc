#include "server/cpu_count.h"

#include <algorithm>
#include <fstream>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "engine/ops/cpu_shares.h"

namespace attnd {
namespace {

// Empty where there is no such file.
std::string ReadLine(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// What this process's cgroup grants. Inside a container its own cgroup is the root of what it sees.
std::optional<double> GrantedCpus() {
  if (const auto granted = ParseCpuMax(ReadLine("/sys/fs/cgroup/cpu.max"))) return granted;
  return ParseCpuMax(absl::StrCat(ReadLine("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), " ",
                                  ReadLine("/sys/fs/cgroup/cpu/cpu.cfs_period_us")));
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
  auto count = static_cast<int>(AllowedCpus().size());
  if (const auto granted = GrantedCpus()) count = std::min(count, static_cast<int>(*granted));
  return std::max(count, 1);
}

}  // namespace attnd
