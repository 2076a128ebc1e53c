// Whether calls should be sent here: told to gRPC's health service, to the metric attnd_ready, and to the log.

#ifndef SERVER_LIFECYCLE_HEALTH_STATE_H_
#define SERVER_LIFECYCLE_HEALTH_STATE_H_

#include <grpcpp/health_check_service_interface.h>

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/telemetry/metrics.h"

namespace attnd {

// The life of a server in the order it passes.
enum class Phase { kLoading, kServing, kDraining };

// SERVING exactly in Phase::kServing while the engine is not late, for all names alike.
// Threads: any.
class HealthState {
 public:
  // `metrics` must outlive it.
  explicit HealthState(Metrics& metrics) : metrics_(metrics) {}

  // Answers for `names` through `service` from now on, which must outlive this. A name nobody publishes stays unknown.
  void Publish(grpc::HealthCheckServiceInterface& service, std::vector<std::string> names);

  void Enter(Phase phase);

  // Whether a batch takes suspiciously long.
  void SetEngineLate(bool late);

  // Whether health says SERVING.
  bool IsServing() const {
    const absl::MutexLock lock(&mutex_);
    return serving();
  }

 private:
  struct Publisher {
    grpc::HealthCheckServiceInterface* service = nullptr;
    std::vector<std::string> names;
  };

  bool serving() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return phase_ == Phase::kServing && !engine_late_; }
  // Tells everybody when serving() is no longer `was_serving`.
  void TellChange(bool was_serving) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void Tell(const Publisher& publisher, bool serving);

  Metrics& metrics_;
  mutable absl::Mutex mutex_;
  std::vector<Publisher> publishers_ ABSL_GUARDED_BY(mutex_);
  Phase phase_ ABSL_GUARDED_BY(mutex_) = Phase::kLoading;
  bool engine_late_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace attnd

#endif  // SERVER_LIFECYCLE_HEALTH_STATE_H_
