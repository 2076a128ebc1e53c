#include "server/lifecycle/health_state.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/lifecycle/recording_health_service.h"

namespace attnd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

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

TEST_F(HealthStateTest, DoesNotServeWhileTheEngineIsLate) {
  health_.Publish(service_, {""});
  health_.Enter(Phase::kServing);
  service_.TakeTold();
  health_.SetEngineLate(true);
  EXPECT_THAT(service_.TakeTold(), ElementsAre(Pair("", false)));
  health_.SetEngineLate(false);
  EXPECT_THAT(service_.TakeTold(), ElementsAre(Pair("", true)));
}

}  // namespace
}  // namespace attnd
