// The limit of the cgroup on CPU time, and how it was felt: the usual hidden cause of slow calls. Read at each scrape.

#ifndef SERVER_TELEMETRY_CGROUP_COLLECTOR_H_
#define SERVER_TELEMETRY_CGROUP_COLLECTOR_H_

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <string>
#include <utility>
#include <vector>

namespace attnd {

// Where there is no limit the metrics are there and have no series, so that whoever asks for one can tell that from a
// wrong name. Threads: any.
class CgroupCollector final : public prometheus::Collectable {
 public:
  explicit CgroupCollector(std::string root = "/sys/fs/cgroup") : root_(std::move(root)) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const std::string root_;
};

}  // namespace attnd

#endif  // SERVER_TELEMETRY_CGROUP_COLLECTOR_H_
