#include "server/telemetry/cgroup_collector.h"

#include <optional>

#include "server/cgroup_cpu.h"
#include "server/telemetry/single_value.h"

namespace attnd {

std::vector<prometheus::MetricFamily> CgroupCollector::Collect() const {
  using prometheus::MetricType;
  const std::optional<CgroupCpu> limited = ReadCgroupCpu(root_);
  const CgroupCpu cpu = limited.value_or(CgroupCpu());
  std::vector<prometheus::MetricFamily> families = {
      SingleValue("attnd_cgroup_cpu_limit_cores", "CPU cores that the cgroup may use.", MetricType::Gauge,
                  cpu.limit_cores),
      SingleValue("attnd_cgroup_cpu_periods_total", "Periods in which something of the cgroup ran.",
                  MetricType::Counter, cpu.periods),
      SingleValue("attnd_cgroup_cpu_throttled_periods_total", "Periods in which the cgroup used up its CPU time.",
                  MetricType::Counter, cpu.throttled_periods),
      SingleValue("attnd_cgroup_cpu_throttled_seconds_total",
                  "Seconds that threads of the cgroup waited for its next period.", MetricType::Counter,
                  cpu.throttled_seconds),
  };
  if (!limited) {
    for (prometheus::MetricFamily& family : families) family.metric.clear();
  }
  return families;
}

}  // namespace attnd
