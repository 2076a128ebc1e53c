// Calls by method and status code, under the names that dashboards for gRPC servers already know (go-grpc-prometheus).

#ifndef SERVER_TELEMETRY_RPC_METRICS_H_
#define SERVER_TELEMETRY_RPC_METRICS_H_

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/telemetry/metrics.h"

namespace attnd {

// Threads: any.
class RpcMetrics {
 public:
  explicit RpcMetrics(prometheus::Registry& registry);

  void OnStarted(RpcMethod method) { At(method).started->Increment(); }
  void OnHandled(RpcMethod method, absl::StatusCode code, absl::Duration duration);

 private:
  static constexpr size_t kMethodCount = 3;
  static constexpr size_t kCodeCount = 17;

  struct PerMethod {
    prometheus::Counter* started = nullptr;
    std::array<prometheus::Counter*, kCodeCount> handled = {};
    prometheus::Histogram* duration = nullptr;
  };

  PerMethod& At(RpcMethod method) { return methods_[static_cast<size_t>(method)]; }

  std::array<PerMethod, kMethodCount> methods_;
};

}  // namespace attnd

#endif  // SERVER_TELEMETRY_RPC_METRICS_H_
