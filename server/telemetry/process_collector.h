// The process_* metrics that every Prometheus client library exports, read from /proc at each scrape.

#ifndef SERVER_TELEMETRY_PROCESS_COLLECTOR_H_
#define SERVER_TELEMETRY_PROCESS_COLLECTOR_H_

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace attnd {

// What /proc/self/stat says about a process, in base units.
struct ProcessStat {
  double cpu_seconds = 0;  // user and system
  double thread_count = 0;
  double start_seconds_after_boot = 0;
  double virtual_memory_bytes = 0;
  double resident_memory_bytes = 0;
};

// Nothing when `text` is not the content of a stat file (proc_pid_stat(5)).
std::optional<ProcessStat> ParseProcessStat(absl::string_view text);

// Threads: any.
class ProcessCollector final : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override;
};

}  // namespace attnd

#endif  // SERVER_TELEMETRY_PROCESS_COLLECTOR_H_
