#include "server/cpu_count.h"

#include <algorithm>

#include "engine/ops/cpu_shares.h"
#include "server/cgroup_cpu.h"

namespace attnd {

int UsableCpuCount() {
  auto count = static_cast<int>(AllowedCpus().size());
  if (const auto cgroup = ReadCgroupCpu()) count = std::min(count, static_cast<int>(cgroup->limit_cores));
  return std::max(count, 1);
}

}  // namespace attnd
