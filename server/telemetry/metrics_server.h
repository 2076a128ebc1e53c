// The HTTP server that Prometheus scrapes.

#ifndef SERVER_TELEMETRY_METRICS_SERVER_H_
#define SERVER_TELEMETRY_METRICS_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/telemetry/metrics.h"

namespace prometheus {
class Exposer;
}  // namespace prometheus

namespace attnd {

class CgroupCollector;
class ProcessCollector;

// Threads: any. Owns: its HTTP threads, one for each connection it serves at once.
class MetricsServer {
 public:
  // Serves GET /metrics at `address`, "host:port"; port 0 picks a free one. A connection that sends no request
  // within three seconds is closed. UNAVAILABLE when the address cannot be bound. `metrics` must outlive the server.
  static absl::StatusOr<std::unique_ptr<MetricsServer>> Start(const std::string& address, const Metrics& metrics);
  // Takes a moment where `address` names an IP address, else up to two seconds.
  ~MetricsServer();

  int port() const { return port_; }

 private:
  MetricsServer() = default;

  std::shared_ptr<prometheus::Collectable> metrics_;
  std::shared_ptr<ProcessCollector> process_;
  std::shared_ptr<CgroupCollector> cgroup_;
  std::unique_ptr<prometheus::Exposer> exposer_;
  std::string host_;
  int port_ = 0;
};

}  // namespace attnd

#endif  // SERVER_TELEMETRY_METRICS_SERVER_H_
