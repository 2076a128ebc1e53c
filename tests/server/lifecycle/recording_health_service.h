// A health service that remembers what it is told.

#ifndef TESTS_SERVER_LIFECYCLE_RECORDING_HEALTH_SERVICE_H_
#define TESTS_SERVER_LIFECYCLE_RECORDING_HEALTH_SERVICE_H_

#include <grpcpp/health_check_service_interface.h>

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd {

// Threads: one at a time.
class RecordingHealthService final : public grpc::HealthCheckServiceInterface {
 public:
  void SetServingStatus(const std::string& name, bool serving) override { told_.emplace_back(name, serving); }
  void SetServingStatus(bool /*serving*/) override { FAIL() << "would tell watchers of a name twice"; }

  // Names and what was said of each since the last time, in order.
  std::vector<std::pair<std::string, bool>> TakeTold() { return std::exchange(told_, {}); }

 private:
  std::vector<std::pair<std::string, bool>> told_;
};

}  // namespace attnd

#endif  // TESTS_SERVER_LIFECYCLE_RECORDING_HEALTH_SERVICE_H_
