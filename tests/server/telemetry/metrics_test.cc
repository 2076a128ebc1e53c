// Each event moves its series, and no other.

#include "server/telemetry/metrics.h"

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/telemetry/exposition.h"

namespace attnd {
namespace {

using testing::ContainerEq;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

const std::vector<double> kRequestBounds = {1, 2, 4};
const std::vector<double> kTokenBounds = {1, 2, 4, 8, 16};

std::string RpcLabels(const std::string& method) {
  return absl::StrCat(R"(grpc_method=")", method, R"(",grpc_service="attnd.v1.InferenceService",grpc_type="unary")");
}

class MetricsTest : public testing::Test {
 protected:
  Samples Scrape() const { return ParseSamples(Render(*metrics_.collectable())); }

  // What moved since the last time, and by how much.
  Samples Moved() {
    const Samples before = std::exchange(last_, Scrape());
    return Changes(before, last_);
  }

  // `parts` as one, without the series that stay.
  static Samples MovedIn(std::vector<Samples> parts) {
    Samples all;
    for (Samples& part : parts) all.merge(part);
    std::erase_if(all, [](const auto& sample) { return sample.second == 0; });
    return all;
  }

  Metrics metrics_{{.max_batch_requests = 4, .max_batch_tokens = 10, .server_version = "1.2.3"}};
  Samples last_ = Scrape();
};

TEST_F(MetricsTest, AScrapeMovesNothing) { EXPECT_THAT(Moved(), IsEmpty()); }

TEST_F(MetricsTest, AStartedCall) {
  metrics_.OnRpcStarted(RpcMethod::kForward);
  EXPECT_THAT(Moved(), ElementsAre(Pair(absl::StrCat("grpc_server_started_total{", RpcLabels("Forward"), "}"), 1)));
  metrics_.OnRpcStarted(RpcMethod::kEmbed);
  EXPECT_THAT(Moved(), ElementsAre(Pair(absl::StrCat("grpc_server_started_total{", RpcLabels("Embed"), "}"), 1)));
  metrics_.OnRpcStarted(RpcMethod::kGetModel);
  EXPECT_THAT(Moved(), ElementsAre(Pair(absl::StrCat("grpc_server_started_total{", RpcLabels("GetModel"), "}"), 1)));
}

TEST_F(MetricsTest, MessagesOfACall) {
  metrics_.OnMessageReceived(RpcMethod::kEmbed);
  EXPECT_THAT(Moved(), ElementsAre(Pair(absl::StrCat("grpc_server_msg_received_total{", RpcLabels("Embed"), "}"), 1)));
  metrics_.OnMessageSent(RpcMethod::kEmbed);
  EXPECT_THAT(Moved(), ElementsAre(Pair(absl::StrCat("grpc_server_msg_sent_total{", RpcLabels("Embed"), "}"), 1)));
}

TEST_F(MetricsTest, AMessageThatBecameARequestAndARequestThatBecameAMessage) {
  metrics_.OnDecoded(Method::kForward, absl::Milliseconds(3));
  EXPECT_THAT(
      Moved(),
      ContainerEq(MovedIn({HistogramSamples("attnd_decode_seconds", R"(method="Forward")", kLatencyBounds, {0.003})})));
  metrics_.OnSerialized(Method::kEmbed, absl::Milliseconds(7));
  EXPECT_THAT(Moved(), ContainerEq(MovedIn({HistogramSamples("attnd_serialize_seconds", R"(method="Embed")",
                                                             kLatencyBounds, {0.007})})));
}

TEST_F(MetricsTest, AFailureThatTheLogLeftOut) {
  metrics_.OnFailureNotLogged();
  EXPECT_THAT(Moved(), ElementsAre(Pair("attnd_log_dropped_total", 1)));
}

TEST_F(MetricsTest, ItemsThatAStreamHolds) {
  metrics_.OnStreamItemHeld(RpcMethod::kForwardStream);
  metrics_.OnStreamItemHeld(RpcMethod::kForwardStream);
  EXPECT_THAT(Moved(), ElementsAre(Pair(R"(attnd_stream_items{method="ForwardStream"})", 2)));
  metrics_.OnStreamItemReleased(RpcMethod::kForwardStream);
  EXPECT_THAT(Moved(), ElementsAre(Pair(R"(attnd_stream_items{method="ForwardStream"})", -1)));
}

TEST_F(MetricsTest, AHandledCallCountsByCodeAndTakesTime) {
  metrics_.OnRpcHandled(RpcMethod::kEmbed, absl::StatusCode::kResourceExhausted, absl::Milliseconds(30));
  const std::string handled =
      absl::StrCat(R"(grpc_server_handled_total{grpc_code="ResourceExhausted",)", RpcLabels("Embed"), "}");
  EXPECT_THAT(Moved(), ContainerEq(MovedIn({{{handled, 1}},
                                            HistogramSamples("grpc_server_handling_seconds", RpcLabels("Embed"),
                                                             kLatencyBounds, {0.03})})));
}

// The names that dashboards made for go-grpc-prometheus ask for.
TEST_F(MetricsTest, CodesHaveTheirGoNames) {
  const std::vector<std::string> names = {
      "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
      "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
      "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
      "DataLoss", "Unauthenticated"};
  for (size_t code = 0; code < names.size(); ++code) {
    metrics_.OnRpcHandled(RpcMethod::kForward, static_cast<absl::StatusCode>(code), absl::ZeroDuration());
    const std::string series =
        absl::StrCat(R"(grpc_server_handled_total{grpc_code=")", names[code], R"(",)", RpcLabels("Forward"), "}");
    EXPECT_EQ(Moved()[series], 1) << names[code];
  }
}

TEST_F(MetricsTest, ACodeThatGrpcDoesNotKnowIsUnknown) {
  metrics_.OnRpcHandled(RpcMethod::kForward, static_cast<absl::StatusCode>(99), absl::ZeroDuration());
  EXPECT_EQ(Moved()[absl::StrCat(R"(grpc_server_handled_total{grpc_code="Unknown",)", RpcLabels("Forward"), "}")], 1);
}

TEST_F(MetricsTest, ARejectedCall) {
  metrics_.OnRejected(Method::kForward, RejectReason::kQueueRequests);
  EXPECT_THAT(Moved(), ElementsAre(Pair(R"(attnd_rejected_total{method="Forward",reason="queue_requests"})", 1)));
  metrics_.OnRejected(Method::kForward, RejectReason::kQueueTokens);
  EXPECT_THAT(Moved(), ElementsAre(Pair(R"(attnd_rejected_total{method="Forward",reason="queue_tokens"})", 1)));
  metrics_.OnRejected(Method::kEmbed, RejectReason::kDraining);
  EXPECT_THAT(Moved(), ElementsAre(Pair(R"(attnd_rejected_total{method="Embed",reason="draining"})", 1)));
  metrics_.OnRejected(Method::kEmbed, RejectReason::kNotReady);
  EXPECT_THAT(Moved(), ElementsAre(Pair(R"(attnd_rejected_total{method="Embed",reason="not_ready"})", 1)));
}

TEST_F(MetricsTest, ACallOrItemRefusedForWhoMadeIt) {
  metrics_.OnCallRefused(RpcMethod::kReloadModel, CallRefusal::kUnauthenticated);
  EXPECT_THAT(Moved(), ElementsAre(Pair(R"(attnd_rejected_total{method="ReloadModel",reason="unauthenticated"})", 1)));
  metrics_.OnCallRefused(RpcMethod::kForwardStream, CallRefusal::kPermissionDenied);
  EXPECT_THAT(Moved(),
              ElementsAre(Pair(R"(attnd_rejected_total{method="ForwardStream",reason="permission_denied"})", 1)));
  metrics_.OnCallRefused(RpcMethod::kEmbed, CallRefusal::kRateLimited);
  EXPECT_THAT(Moved(), ElementsAre(Pair(R"(attnd_rejected_total{method="Embed",reason="rate_limited"})", 1)));
}

TEST_F(MetricsTest, ACancelledCallAndTheTokensItWasted) {
  metrics_.OnCancelled(Method::kForward, CancelStage::kQueue, CancelCause::kClient, 0);
  EXPECT_THAT(Moved(), ElementsAre(Pair(R"(attnd_cancelled_total{cause="client",method="Forward",stage="queue"})", 1)));
  metrics_.OnCancelled(Method::kEmbed, CancelStage::kQueue, CancelCause::kDeadline, 0);
  EXPECT_THAT(Moved(), ElementsAre(Pair(R"(attnd_cancelled_total{cause="deadline",method="Embed",stage="queue"})", 1)));
  metrics_.OnCancelled(Method::kEmbed, CancelStage::kCompute, CancelCause::kClient, 30);
  EXPECT_THAT(Moved(),
              UnorderedElementsAre(Pair(R"(attnd_cancelled_total{cause="client",method="Embed",stage="compute"})", 1),
                                   Pair(R"(attnd_wasted_tokens_total{cause="client"})", 30)));
  metrics_.OnCancelled(Method::kForward, CancelStage::kCompute, CancelCause::kDeadline, 5);
  EXPECT_THAT(Moved(), UnorderedElementsAre(
                           Pair(R"(attnd_cancelled_total{cause="deadline",method="Forward",stage="compute"})", 1),
                           Pair(R"(attnd_wasted_tokens_total{cause="deadline"})", 5)));
  metrics_.OnCancelled(Method::kEmbed, CancelStage::kStream, CancelCause::kClient, 7);
  EXPECT_THAT(Moved(),
              UnorderedElementsAre(Pair(R"(attnd_cancelled_total{cause="client",method="Embed",stage="stream"})", 1),
                                   Pair(R"(attnd_wasted_tokens_total{cause="client"})", 7)));
}

TEST_F(MetricsTest, TheLoadReplacesTheOneBefore) {
  SchedulerLoad load;
  load.queued[static_cast<size_t>(Priority::kNormal)] = {.requests = 2, .tokens = 30};
  load.running[static_cast<size_t>(Priority::kLow)] = {.requests = 4, .tokens = 50};
  load.estimated_queue_delay = absl::Milliseconds(250);
  metrics_.OnLoadChanged(load);
  EXPECT_THAT(Moved(), UnorderedElementsAre(Pair(R"(attnd_queue_requests{priority="normal"})", 2),
                                            Pair(R"(attnd_queue_tokens{priority="normal"})", 30),
                                            Pair(R"(attnd_inflight_requests{priority="low"})", 4),
                                            Pair(R"(attnd_inflight_tokens{priority="low"})", 50),
                                            Pair("attnd_estimated_queue_delay_seconds", 0.25)));
  metrics_.OnLoadChanged({});
  EXPECT_EQ(Moved().size(), 5);
}

TEST_F(MetricsTest, ABatchComputedKeepsItsWorkerBusy) {
  metrics_.OnBatchComputed(0, absl::Milliseconds(1500));
  EXPECT_THAT(Moved(), ElementsAre(Pair(R"(attnd_worker_busy_seconds_total{worker="0"})", 1.5)));
}

TEST_F(MetricsTest, ABatch) {
  metrics_.OnBatchStarted({.size = {.requests = 3, .tokens = 9}, .close_reason = CloseReason::kTokenBudget});
  EXPECT_THAT(Moved(), ContainerEq(MovedIn({{{R"(attnd_batches_total{close_reason="token_budget"})", 1}},
                                            HistogramSamples("attnd_batch_requests", "", kRequestBounds, {3}),
                                            HistogramSamples("attnd_batch_tokens", "", kTokenBounds, {9})})));
  metrics_.OnBatchStarted({.size = {.requests = 1, .tokens = 1}, .close_reason = CloseReason::kWorkerIdle});
  EXPECT_THAT(Moved(), ContainerEq(MovedIn({{{R"(attnd_batches_total{close_reason="worker_idle"})", 1}},
                                            HistogramSamples("attnd_batch_requests", "", kRequestBounds, {1}),
                                            HistogramSamples("attnd_batch_tokens", "", kTokenBounds, {1})})));
}

TEST_F(MetricsTest, StatisticsAddUpWhatTheSeriesHave) {
  EXPECT_EQ(metrics_.statistics().last_completed, absl::InfinitePast());
  Request request;
  request.inputs = {{.token_count = 3}, {.token_count = 10}};
  request.timing = {.queue = absl::Milliseconds(20), .compute = absl::Milliseconds(250)};
  request.accepted_at = absl::FromUnixSeconds(1000);
  for (const Method method : {Method::kForward, Method::kEmbed}) {
    request.method = method;
    metrics_.OnDecoded(method, absl::Milliseconds(1));
    metrics_.OnBatchStarted({.close_reason = CloseReason::kTokenBudget});
    metrics_.OnCompleted(request, absl::Milliseconds(300));
    metrics_.OnSerialized(method, absl::Milliseconds(2));
    metrics_.OnRejected(method, RejectReason::kQueueTokens);
  }
  metrics_.OnCancelled(Method::kEmbed, CancelStage::kQueue, CancelCause::kDeadline, 0);
  const InferenceStatistics statistics = metrics_.statistics();
  EXPECT_EQ(statistics.last_completed, absl::FromUnixMillis(1000300));
  EXPECT_EQ(statistics.inputs, 4);
  EXPECT_EQ(statistics.batches, 2);
  EXPECT_EQ(statistics.failed, 3);
  const auto near = [](int64_t count, absl::Duration total, const CountedTime& time) {
    EXPECT_EQ(time.count, count);
    EXPECT_LT(absl::AbsDuration(time.total - total), absl::Microseconds(1));
  };
  near(2, absl::Milliseconds(600), statistics.completed);
  near(2, absl::Milliseconds(40), statistics.queue);
  near(2, absl::Milliseconds(500), statistics.compute);
  near(2, absl::Milliseconds(2), statistics.decode);
  near(2, absl::Milliseconds(4), statistics.serialize);
}

TEST_F(MetricsTest, ACompletedCallCountsItsTimesAndTheTokensOfEachInput) {
  Request request;
  request.method = Method::kEmbed;
  request.inputs = {{.token_count = 3}, {.token_count = 10}};
  request.timing = {.queue = absl::Milliseconds(20), .compute = absl::Milliseconds(250)};
  metrics_.OnCompleted(request, absl::Milliseconds(300));
  const std::string method = R"(method="Embed")";
  EXPECT_THAT(Moved(),
              ContainerEq(MovedIn({{{R"(attnd_tokens_processed_total{kind="real",method="Embed"})", 13}},
                                   HistogramSamples("attnd_request_duration_seconds", method, kLatencyBounds, {0.3}),
                                   HistogramSamples("attnd_queue_wait_seconds", method, kLatencyBounds, {0.02}),
                                   HistogramSamples("attnd_compute_seconds", method, kLatencyBounds, {0.25}),
                                   HistogramSamples("attnd_input_tokens", "", kTokenBounds, {3, 10})})));
}

TEST_F(MetricsTest, Readiness) {
  metrics_.SetReady(true);
  EXPECT_THAT(Moved(), ElementsAre(Pair("attnd_ready", 1)));
  metrics_.SetReady(false);
  EXPECT_THAT(Moved(), ElementsAre(Pair("attnd_ready", -1)));
}

TEST_F(MetricsTest, TheExpiryOfTheCertificateIsInSecondsSince1970) {
  metrics_.SetCertificateExpiry(absl::FromUnixSeconds(1'800'000'000));
  EXPECT_THAT(Moved(), ElementsAre(Pair("attnd_tls_cert_expiry_timestamp_seconds", 1'800'000'000)));
}

TEST_F(MetricsTest, TheModelAppearsOnceItIsKnown) {
  metrics_.SetModelLoad(absl::Milliseconds(1500), absl::Milliseconds(250));
  EXPECT_THAT(Moved(), ElementsAre(Pair("attnd_model_load_seconds", 1.5), Pair("attnd_warmup_seconds", 0.25)));
  EngineInfo info;
  info.config.layer_count = 16;
  info.config.embedding_length = 768;
  info.weights_sha256 = "c0ffee";
  info.isa = "avx512_core";
  info.onednn_version = "3.7.2";
  metrics_.SetModel("gpt2-16", "c0ffee-1", info);
  EXPECT_THAT(Moved(),
              ElementsAre(Pair(R"(attnd_model_info{d_model="768",dtype="f32",isa="avx512_core",)"
                               R"(layers="16",model="gpt2-16",onednn="3.7.2",sha256="c0ffee",version="c0ffee-1"})",
                               1)));
}

TEST_F(MetricsTest, AReloadCountsByItsOutcome) {
  metrics_.OnModelReload(ReloadOutcome::kDone);
  EXPECT_THAT(Moved(), ElementsAre(Pair(R"(attnd_model_reloads_total{outcome="done"})", 1)));
  metrics_.OnModelReload(ReloadOutcome::kFailed);
  EXPECT_THAT(Moved(), ElementsAre(Pair(R"(attnd_model_reloads_total{outcome="failed"})", 1)));
  metrics_.OnModelReload(ReloadOutcome::kRefused);
  EXPECT_THAT(Moved(), ElementsAre(Pair(R"(attnd_model_reloads_total{outcome="refused"})", 1)));
}

TEST_F(MetricsTest, AModelTakesThePlaceOfTheOneBefore) {
  metrics_.SetModel("gpt2-16", "c0ffee-1", EngineInfo());
  metrics_.SetModel("gpt2-16", "decade-2", EngineInfo());
  std::vector<std::string> models;
  for (const auto& [name, value] : Scrape()) {
    if (absl::StartsWith(name, "attnd_model_info")) models.push_back(name);
  }
  EXPECT_THAT(models, ElementsAre(HasSubstr(R"(version="decade-2")")));
}

TEST_F(MetricsTest, EventsOfSeveralThreadsAreAllCounted) {
  constexpr int kThreads = 4;
  constexpr int kCalls = 500;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([this] {
      for (int call = 0; call < kCalls; ++call) {
        metrics_.OnRpcStarted(RpcMethod::kForward);
        metrics_.OnRejected(Method::kForward, RejectReason::kDraining);
        metrics_.OnRpcHandled(RpcMethod::kForward, absl::StatusCode::kUnavailable, absl::Seconds(1));
      }
    });
  }
  Scrape();
  for (std::thread& thread : threads) thread.join();
  Samples moved = Moved();
  EXPECT_EQ(moved[absl::StrCat("grpc_server_started_total{", RpcLabels("Forward"), "}")], kThreads * kCalls);
  EXPECT_EQ(moved[R"(attnd_rejected_total{method="Forward",reason="draining"})"], kThreads * kCalls);
  EXPECT_EQ(moved[absl::StrCat("grpc_server_handling_seconds_sum{", RpcLabels("Forward"), "}")], kThreads * kCalls);
}

}  // namespace
}  // namespace attnd
