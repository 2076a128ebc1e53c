#include "server/cgroup_cpu.h"

#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "server/kernel_file.h"

namespace attnd {
namespace {

// Cores of "QUOTA PERIOD", both in microseconds. Nothing for a quota of "max" or -1, which is no limit.
std::optional<double> ParseLimit(absl::string_view text) {
  const std::vector<absl::string_view> fields = absl::StrSplit(text, absl::ByAnyChar(" \n"), absl::SkipEmpty());
  double quota = 0;
  double period = 0;
  if (fields.size() != 2 || !absl::SimpleAtod(fields[0], &quota) || !absl::SimpleAtod(fields[1], &period)) {
    return std::nullopt;
  }
  if (!(quota > 0) || !(period > 0)) return std::nullopt;
  return quota / period;
}

// The number on the line that begins with `key`; 0 where there is none.
double ValueOf(absl::string_view key, absl::string_view text) {
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::pair<absl::string_view, absl::string_view> fields = absl::StrSplit(line, absl::MaxSplits(' ', 1));
    double value = 0;
    if (fields.first == key && absl::SimpleAtod(fields.second, &value)) return value;
  }
  return 0;
}

CgroupCpu Describe(double limit_cores, absl::string_view stat, double throttled_seconds) {
  return {.limit_cores = limit_cores,
          .periods = ValueOf("nr_periods", stat),
          .throttled_periods = ValueOf("nr_throttled", stat),
          .throttled_seconds = throttled_seconds};
}

}  // namespace

std::optional<CgroupCpu> ReadCgroupCpu(const std::string& root) {
  if (const auto limit = ParseLimit(ReadKernelFile(absl::StrCat(root, "/cpu.max")))) {
    const std::string stat = ReadKernelFile(absl::StrCat(root, "/cpu.stat"));
    return Describe(*limit, stat, ValueOf("throttled_usec", stat) * 1e-6);
  }
  const std::string version_1 = absl::StrCat(root, "/cpu");
  if (const auto limit = ParseLimit(absl::StrCat(ReadKernelFile(absl::StrCat(version_1, "/cpu.cfs_quota_us")), " ",
                                                 ReadKernelFile(absl::StrCat(version_1, "/cpu.cfs_period_us"))))) {
    const std::string stat = ReadKernelFile(absl::StrCat(version_1, "/cpu.stat"));
    return Describe(*limit, stat, ValueOf("throttled_time", stat) * 1e-9);
  }
  return std::nullopt;
}

}  // namespace attnd
