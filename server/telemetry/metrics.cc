#include "server/telemetry/metrics.h"

#include <prometheus/registry.h>

#include "server/telemetry/model_metrics.h"
#include "server/telemetry/rpc_metrics.h"
#include "server/telemetry/scheduler_metrics.h"

namespace attnd {

struct Metrics::Registry {
  explicit Registry(const MetricsOptions& options)
      : rpc(*collectable),
        scheduler(options.max_batch_requests, options.max_batch_tokens, options.worker_count, *collectable),
        model(options.server_version, *collectable) {}

  std::shared_ptr<prometheus::Registry> collectable = std::make_shared<prometheus::Registry>();
  RpcMetrics rpc;
  SchedulerMetrics scheduler;
  ModelMetrics model;
};

Metrics::Metrics(const MetricsOptions& options) : registry_(std::make_shared<Registry>(options)) {}

Metrics::~Metrics() = default;

void Metrics::OnRpcStarted(RpcMethod method) { registry_->rpc.OnStarted(method); }

void Metrics::OnRpcHandled(RpcMethod method, absl::StatusCode code, absl::Duration duration) {
  registry_->rpc.OnHandled(method, code, duration);
}

void Metrics::OnMessageReceived(RpcMethod method) { registry_->rpc.OnMessageReceived(method); }

void Metrics::OnMessageSent(RpcMethod method) { registry_->rpc.OnMessageSent(method); }

void Metrics::OnCallRefused(RpcMethod method, CallRefusal refusal) { registry_->rpc.OnCallRefused(method, refusal); }

void Metrics::OnDecoded(Method method, absl::Duration duration) { registry_->rpc.OnDecoded(method, duration); }

void Metrics::OnSerialized(Method method, absl::Duration duration) { registry_->rpc.OnSerialized(method, duration); }

void Metrics::OnFailureNotLogged() { registry_->rpc.OnFailureNotLogged(); }

void Metrics::OnStreamItemHeld(RpcMethod method) { registry_->rpc.OnStreamItemHeld(method); }

void Metrics::OnStreamItemReleased(RpcMethod method) { registry_->rpc.OnStreamItemReleased(method); }

void Metrics::OnRejected(Method method, RejectReason reason) { registry_->scheduler.OnRejected(method, reason); }

void Metrics::OnLoadChanged(const SchedulerLoad& load) { registry_->scheduler.OnLoadChanged(load); }

void Metrics::OnCancelled(Method method, CancelStage stage, CancelCause cause, int64_t wasted_tokens) {
  registry_->scheduler.OnCancelled(method, stage, cause, wasted_tokens);
}

void Metrics::OnBatchStarted(const BatchReport& batch) { registry_->scheduler.OnBatchStarted(batch); }

void Metrics::OnBatchComputed(int worker, absl::Duration duration) {
  registry_->scheduler.OnBatchComputed(worker, duration);
}

void Metrics::OnCompleted(const Request& request, absl::Duration total) {
  registry_->scheduler.OnCompleted(request, total);
}

void Metrics::SetModel(const std::string& name, const std::string& version, const EngineInfo& info) {
  registry_->model.SetModel(name, version, info);
}

void Metrics::SetModelLoad(absl::Duration load, absl::Duration warm_up) { registry_->model.SetLoad(load, warm_up); }

void Metrics::OnModelReload(ReloadOutcome outcome) { registry_->model.OnReload(outcome); }

void Metrics::SetCertificateExpiry(absl::Time expiry) { registry_->model.SetCertificateExpiry(expiry); }

void Metrics::SetReady(bool ready) { registry_->model.SetReady(ready); }

InferenceStatistics Metrics::statistics() const {
  InferenceStatistics statistics;
  registry_->rpc.AddTo(statistics);
  registry_->scheduler.AddTo(statistics);
  return statistics;
}

std::shared_ptr<prometheus::Collectable> Metrics::collectable() const { return registry_->collectable; }

}  // namespace attnd
