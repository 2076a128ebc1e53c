#include "server/lifecycle/heartbeat.h"

#include "gtest/gtest.h"
#include "server/scheduling/batcher.h"
#include "server/scheduling/scheduler.h"
#include "server/telemetry/metrics.h"
#include "tests/server/lifecycle/recording_health_service.h"
#include "tests/server/scheduling/fakes.h"

namespace attnd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

// A heartbeat of 30 s over a batcher whose engine computes until it is let go.
class HeartbeatTest : public testing::Test {
 protected:
  HeartbeatTest() {
    health_.Publish(service_, {""});
    health_.Enter(Phase::kServing);
    service_.TakeTold();
  }
  ~HeartbeatTest() override { engine_.Permit(1000); }

  RecordingHealthService service_;
  Metrics metrics_{MetricsOptions()};
  HealthState health_{metrics_};
  FakeClock clock_;
  RecordingEvents events_;
  FakeEngine engine_{clock_, absl::ZeroDuration()};
  Scheduler scheduler_{SchedulerLimits(), clock_, events_};
  Batcher batcher_{scheduler_, [this](const Request&) -> Engine& { return engine_; }, clock_, events_};
  Heartbeat heartbeat_{absl::Seconds(30), [this] { return scheduler_.OldestBatchStart(); }, health_, clock_};
};

TEST_F(HeartbeatTest, AnIdleEngineIsNeverLate) {
  clock_.Advance(absl::Hours(1));
  heartbeat_.Check();
  EXPECT_THAT(service_.TakeTold(), IsEmpty());
}

TEST_F(HeartbeatTest, ABatchThatTakesTooLongIsNotServingUntilItEnds) {
  TestCall call({1});
  ASSERT_TRUE(scheduler_.Submit(call.request()).ok());
  engine_.WaitForBatches(1);
  clock_.Advance(absl::Seconds(30));
  heartbeat_.Check();
  EXPECT_THAT(service_.TakeTold(), IsEmpty());
  clock_.Advance(absl::Milliseconds(1));
  heartbeat_.Check();
  heartbeat_.Check();
  EXPECT_THAT(service_.TakeTold(), ElementsAre(Pair("", false)));
  engine_.Permit(1);
  EXPECT_TRUE(call.Wait().ok());
  heartbeat_.Check();
  EXPECT_THAT(service_.TakeTold(), ElementsAre(Pair("", true)));
}

TEST_F(HeartbeatTest, ManyBatchesInTimeAreNotLate) {
  for (int i = 0; i < 5; ++i) {
    TestCall call({1});
    ASSERT_TRUE(scheduler_.Submit(call.request()).ok());
    engine_.WaitForBatches(static_cast<size_t>(i) + 1);
    clock_.Advance(absl::Seconds(20));
    heartbeat_.Check();
    engine_.Permit(1);
    EXPECT_TRUE(call.Wait().ok());
  }
  EXPECT_THAT(service_.TakeTold(), IsEmpty());
}

TEST_F(HeartbeatTest, ADrainingServerDoesNotServeAgainWhenTheBatchEnds) {
  TestCall call({1});
  ASSERT_TRUE(scheduler_.Submit(call.request()).ok());
  engine_.WaitForBatches(1);
  clock_.Advance(absl::Minutes(1));
  heartbeat_.Check();
  health_.Enter(Phase::kDraining);
  engine_.Permit(1);
  EXPECT_TRUE(call.Wait().ok());
  heartbeat_.Check();
  EXPECT_THAT(service_.TakeTold(), ElementsAre(Pair("", false)));
}

}  // namespace
}  // namespace attnd
