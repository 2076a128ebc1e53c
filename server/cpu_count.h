// How many CPUs this process may use.

#ifndef SERVER_CPU_COUNT_H_
#define SERVER_CPU_COUNT_H_

#include <optional>

#include "absl/strings/string_view.h"

namespace attnd {

// CPUs of the affinity mask, or fewer where the cgroup (version 1 or 2) grants less time; at least 1. A container with
// --cpus=1.5 counts 1: a thread more would be stopped for half of every period.
int UsableCpuCount();

// CPUs granted by the text of a cgroup's cpu.max, such as "150000 100000" (microseconds in each period); nothing for
// "max" or any other text.
std::optional<double> ParseCpuMax(absl::string_view text);

}  // namespace attnd

#endif  // SERVER_CPU_COUNT_H_
