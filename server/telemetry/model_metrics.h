// What is being served, by which build, and whether it is ready.

#ifndef SERVER_TELEMETRY_MODEL_METRICS_H_
#define SERVER_TELEMETRY_MODEL_METRICS_H_

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <array>
#include <cstddef>
#include <string>

#include "absl/time/time.h"
#include "engine/engine.h"
#include "server/telemetry/metrics.h"

namespace attnd {

// Threads: any; SetModel by one.
class ModelMetrics {
 public:
  ModelMetrics(const std::string& server_version, prometheus::Registry& registry);

  // In place of the model set before.
  void SetModel(const std::string& name, const std::string& version, const EngineInfo& info);
  void SetLoad(absl::Duration load, absl::Duration warm_up) {
    load_seconds_->Set(absl::ToDoubleSeconds(load));
    warm_up_seconds_->Set(absl::ToDoubleSeconds(warm_up));
  }
  void OnReload(ReloadOutcome outcome) { reloads_[static_cast<size_t>(outcome)]->Increment(); }
  void SetCertificateExpiry(absl::Time expiry) {
    certificate_expiry_->Set(absl::ToDoubleSeconds(expiry - absl::UnixEpoch()));
  }
  void SetReady(bool ready) { ready_->Set(ready ? 1 : 0); }

 private:
  static constexpr size_t kReloadOutcomeCount = 3;

  prometheus::Family<prometheus::Gauge>& model_info_;
  prometheus::Gauge* present_model_ = nullptr;
  prometheus::Gauge* ready_;
  prometheus::Gauge* certificate_expiry_;
  prometheus::Gauge* load_seconds_;
  prometheus::Gauge* warm_up_seconds_;
  std::array<prometheus::Counter*, kReloadOutcomeCount> reloads_ = {};
};

}  // namespace attnd

#endif  // SERVER_TELEMETRY_MODEL_METRICS_H_
