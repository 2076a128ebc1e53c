#include "server/lifecycle/health_state.h"

#include <grpcpp/health_check_service_interface.h>

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

// Remembers what it is told, in order.
class RecordingHealthService final : public grpc::HealthCheckServiceInterface {
 public:
  void SetServingStatus(const std::string& name, bool serving) override { told_.emplace_back(name, serving); }
  void SetServingStatus(bool /*serving*/) override { FAIL() << "would tell watchers of a name twice"; }

  std::vector<std::pair<std::string, bool>> TakeTold() { return std::exchange(told_, {}); }

 private:
  std::vector<std::pair<std::string, bool>> told_;
};

class HealthStateTest : public testing::Test {
 protected:
  RecordingHealthService service_;
  Metrics metrics_{MetricsOptions()};
  HealthState health_{metrics_};
};

TEST_F(HealthStateTest, ServesOnlyBetweenLoadingAndDraining) {
  health_.Publish(service_, {""});
  EXPECT_THAT(service_.TakeTold(), ElementsAre(Pair("", false)));
  health_.Enter(Phase::kServing);
  EXPECT_THAT(service_.TakeTold(), ElementsAre(Pair("", true)));
  health_.Enter(Phase::kDraining);
  EXPECT_THAT(service_.TakeTold(), ElementsAre(Pair("", false)));
}

TEST_F(HealthStateTest, TellsEveryNameOfAChangeOnce) {
  health_.Publish(service_, {"", "a"});
  service_.TakeTold();
  health_.Enter(Phase::kServing);
  EXPECT_THAT(service_.TakeTold(), ElementsAre(Pair("", true), Pair("a", true)));
  health_.Enter(Phase::kServing);
  EXPECT_THAT(service_.TakeTold(), IsEmpty());
}

TEST_F(HealthStateTest, TellsAServicePublishedLaterHowThingsStand) {
  health_.Enter(Phase::kServing);
  health_.Publish(service_, {"late"});
  EXPECT_THAT(service_.TakeTold(), ElementsAre(Pair("late", true)));
}

}  // namespace
}  // namespace attnd
