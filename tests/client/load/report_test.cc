#include "client/load/report.h"

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/load/progress.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace attnd::client {
namespace {

using ::nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

LoadDescription SampleDescription() {
  return {.server = "host:1", .model = "m", .method = "embed", .loop = "closed loop of 4", .length = "fixed:8"};
}

// Two calls of 8 tokens that succeeded and one refused, in two seconds; five never sent.
LoadResult SampleResult() {
  LoadStatistics statistics;
  Outcome ok = {.status = absl::OkStatus(), .token_count = 8, .timing = {}};
  ok.timing.set_queue_seconds(0.002);
  ok.timing.set_compute_seconds(0.004);
  const Outcome refused = {.status = absl::ResourceExhaustedError("full"), .token_count = 8, .timing = {}};
  for (int i = 0; i < 3; ++i) statistics.CountSent();
  for (int i = 0; i < 5; ++i) statistics.CountNotSent();
  statistics.CountCompleted(ok, absl::Milliseconds(10));
  statistics.CountCompleted(ok, absl::Milliseconds(20));
  statistics.CountCompleted(refused, absl::Milliseconds(1));
  return statistics.result(/*elapsed=*/absl::Seconds(2));
}

TEST(ReportTest, TheJsonHasCountsRatesAndCodes) {
  const json report = json::parse(ReportJson(SampleDescription(), SampleResult()));
  EXPECT_EQ(report["sent"], 3);
  EXPECT_EQ(report["not_sent"], 5);
  EXPECT_EQ(report["ok"], 2);
  EXPECT_EQ(report["ok_per_second"], 1.0);
  EXPECT_EQ(report["ok_tokens_per_second"], 8.0);
  EXPECT_EQ(report["calls_by_code"], json({{"OK", 2}, {"RESOURCE_EXHAUSTED", 1}}));
}

TEST(ReportTest, LatenciesAreThoseOfCallsThatSucceeded) {
  const json report = json::parse(ReportJson(SampleDescription(), SampleResult()));
  EXPECT_NEAR(report["latency_ms"]["p50"], 10, 0.05);
  EXPECT_NEAR(report["latency_ms"]["p99.9"], 20, 0.1);
  EXPECT_EQ(report["latency_ms"]["max"], 20.0);
  EXPECT_NEAR(report["queue_ms"]["p99"], 2, 0.01);
  EXPECT_NEAR(report["compute_ms"]["p99"], 4, 0.02);
}

TEST(ReportTest, TheTableShowsTheSame) {
  EXPECT_THAT(ReportTable(SampleDescription(), SampleResult()),
              AllOf(HasSubstr("embed on host:1 (m), closed loop of 4, 1 x fixed:8 tokens a call"),
                    HasSubstr("not sent     5  calls"), HasSubstr("goodput      8  tokens/s"),
                    HasSubstr("RESOURCE_EXHAUSTED      1\n")));
}

TEST(ReportTest, NothingCompletedIsStillAReport) {
  const LoadResult nothing = LoadStatistics().result(absl::ZeroDuration());
  EXPECT_EQ(json::parse(ReportJson(SampleDescription(), nothing))["ok_per_second"], 0.0);
}

TEST(ProgressLineTest, TheBarFillsUpAndStaysWithinItsWidth) {
  const LoadCounts counts = {.sent = 9, .completed = 7, .ok = 6, .not_sent = 2, .ok_tokens = 0};
  EXPECT_EQ(ProgressLine(0.5, absl::Seconds(5), absl::Seconds(10), counts, 1.25),
            "[############............] 5/10 s  sent 9  ok 6  errors 1  not sent 2  1.2 calls/s");
  EXPECT_THAT(ProgressLine(7, absl::Seconds(70), absl::Seconds(10), counts, 0),
              HasSubstr("[########################] 70/10 s"));
}

}  // namespace
}  // namespace attnd::client
