// What is being served, by which build, and whether it is ready.

#ifndef SERVER_TELEMETRY_MODEL_METRICS_H_
#define SERVER_TELEMETRY_MODEL_METRICS_H_

#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <string>

#include "absl/time/time.h"
#include "engine/engine.h"

namespace attnd {

// Threads: any; SetModel by one.
class ModelMetrics {
 public:
  ModelMetrics(const std::string& server_version, prometheus::Registry& registry);

  // In place of the model set before.
  void SetModel(const std::string& name, const std::string& version, const EngineInfo& info);
  void SetLoad(absl::Duration duration) { load_seconds_->Set(absl::ToDoubleSeconds(duration)); }
  void SetReady(bool ready) { ready_->Set(ready ? 1 : 0); }

 private:
  prometheus::Family<prometheus::Gauge>& model_info_;
  prometheus::Gauge* present_model_ = nullptr;
  prometheus::Gauge* ready_;
  prometheus::Gauge* load_seconds_;
};

}  // namespace attnd

#endif  // SERVER_TELEMETRY_MODEL_METRICS_H_
