// Calls by method and status code, under the names that dashboards for gRPC servers already know (go-grpc-prometheus).

#ifndef SERVER_TELEMETRY_RPC_METRICS_H_
#define SERVER_TELEMETRY_RPC_METRICS_H_

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
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
  void OnMessageReceived(RpcMethod method) { At(method).messages_received->Increment(); }
  void OnMessageSent(RpcMethod method) { At(method).messages_sent->Increment(); }
  void OnCallRefused(RpcMethod method, CallRefusal refusal) {
    At(method).refused[static_cast<size_t>(refusal)]->Increment();
  }
  void OnDecoded(Method method, absl::Duration duration) {
    conversions_[static_cast<size_t>(method)].decode->Observe(absl::ToDoubleSeconds(duration));
  }
  void OnSerialized(Method method, absl::Duration duration) {
    conversions_[static_cast<size_t>(method)].serialize->Observe(absl::ToDoubleSeconds(duration));
  }
  void OnFailureNotLogged() { failures_not_logged_->Increment(); }
  // `method` is a stream.
  void OnStreamItemHeld(RpcMethod method) { At(method).stream_items->Increment(); }
  void OnStreamItemReleased(RpcMethod method) { At(method).stream_items->Decrement(); }
  void OnHandled(RpcMethod method, absl::StatusCode code, absl::Duration duration);
  void AddTo(InferenceStatistics& statistics) const;

 private:
  static constexpr size_t kMethodCount = static_cast<size_t>(RpcMethod::kReloadModel) + 1;
  static constexpr size_t kCodeCount = 17;
  static constexpr size_t kCallRefusalCount = 6;

  struct PerMethod {
    prometheus::Counter* started = nullptr;
    std::array<prometheus::Counter*, kCodeCount> handled = {};
    std::array<prometheus::Counter*, kCallRefusalCount> refused = {};
    prometheus::Counter* messages_received = nullptr;
    prometheus::Counter* messages_sent = nullptr;
    prometheus::Histogram* duration = nullptr;
    prometheus::Gauge* stream_items = nullptr;  // of streams only
  };

  // Between messages and requests, by the method that is scheduled.
  struct Conversion {
    prometheus::Histogram* decode = nullptr;
    prometheus::Histogram* serialize = nullptr;
  };

  void AddConversionSeries(prometheus::Registry& registry);
  PerMethod& At(RpcMethod method) { return methods_[static_cast<size_t>(method)]; }

  std::array<PerMethod, kMethodCount> methods_;
  std::array<Conversion, 2> conversions_;
  prometheus::Counter* failures_not_logged_ = nullptr;
};

}  // namespace attnd

#endif  // SERVER_TELEMETRY_RPC_METRICS_H_
