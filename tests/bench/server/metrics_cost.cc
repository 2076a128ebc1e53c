#include "absl/time/clock.h"
#include "server/telemetry/metrics.h"
#include "tests/bench/server/cases.h"

namespace attnd {
namespace {

constexpr int kCalls = 200'000;

// In the order in which the server tells them.
void TellMetricsOfACall(const Request& request, Metrics& metrics) {
  const SchedulerLoad load;
  metrics.OnRpcStarted(RpcMethod::kEmbed);
  metrics.OnMessageReceived(RpcMethod::kEmbed);
  metrics.OnDecoded(Method::kEmbed, absl::Microseconds(5));
  metrics.OnLoadChanged(load);  // accepted
  metrics.OnBatchStarted({.size = {.requests = 1, .tokens = request.token_count()}});
  metrics.OnLoadChanged(load);  // in a batch
  metrics.OnBatchComputed(0, absl::Milliseconds(100));
  metrics.OnLoadChanged(load);  // computed
  metrics.OnCompleted(request, absl::Milliseconds(100));
  metrics.OnSerialized(Method::kEmbed, absl::Microseconds(5));
  metrics.OnMessageSent(RpcMethod::kEmbed);
  metrics.OnRpcHandled(RpcMethod::kEmbed, absl::StatusCode::kOk, absl::Milliseconds(100));
}

}  // namespace

absl::Duration MeasureMetricsOfACall() {
  Metrics metrics(MetricsOptions{});
  Request request;
  request.method = Method::kEmbed;
  request.inputs.push_back({.token_count = 128});
  const absl::Time started_at = absl::Now();
  for (int i = 0; i < kCalls; ++i) TellMetricsOfACall(request, metrics);
  return (absl::Now() - started_at) / kCalls;
}

}  // namespace attnd
