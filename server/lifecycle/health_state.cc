#include "server/lifecycle/health_state.h"

#include <utility>

#include "absl/log/log.h"

namespace attnd {

void HealthState::Publish(grpc::HealthCheckServiceInterface& service, std::vector<std::string> names) {
  const absl::MutexLock lock(&mutex_);
  publishers_.push_back({&service, std::move(names)});
  Tell(publishers_.back(), serving());
}

void HealthState::Enter(Phase phase) {
  const absl::MutexLock lock(&mutex_);
  const bool was_serving = serving();
  phase_ = phase;
  TellChange(was_serving);
}

void HealthState::SetEngineLate(bool late) {
  const absl::MutexLock lock(&mutex_);
  const bool was_serving = serving();
  engine_late_ = late;
  TellChange(was_serving);
}

void HealthState::TellChange(bool was_serving) {
  if (serving() == was_serving) return;
  // Name by name and only on a change: whoever watches hears of each once.
  for (const Publisher& publisher : publishers_) Tell(publisher, serving());
  metrics_.SetReady(serving());
  LOG(INFO) << "health: " << (serving() ? "SERVING" : "NOT_SERVING");
}

void HealthState::Tell(const Publisher& publisher, bool serving) {
  for (const std::string& name : publisher.names) publisher.service->SetServingStatus(name, serving);
}

}  // namespace attnd
