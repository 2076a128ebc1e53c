#include "client/load/report.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "client/load/load_record_json.h"
#include "client/load/progress.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace attnd::client {
namespace {

using ::nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Two calls of 8 tokens that succeeded and one refused, in two seconds; five never sent.
LoadResult SampleResult() {
  LoadStatistics statistics;
  Outcome ok = {.status = absl::OkStatus(), .token_count = 8, .timing = {}};
  ok.timing.set_queue_seconds(0.002);
  ok.timing.set_compute_seconds(0.004);
  const Outcome refused = {.status = absl::ResourceExhaustedError("full"), .token_count = 8, .timing = {}};
  for (int i = 0; i < 3; ++i) statistics.CountSent();
  for (int i = 0; i < 5; ++i) statistics.CountNotSent();
  statistics.CountCompleted(ok, /*due=*/absl::ZeroDuration(), absl::Milliseconds(10));
  statistics.CountCompleted(ok, /*due=*/absl::Milliseconds(1980), absl::Milliseconds(2000));
  statistics.CountCompleted(refused, /*due=*/absl::ZeroDuration(), absl::Milliseconds(1));
  return statistics.result({.calling = absl::Seconds(1), .elapsed = absl::Seconds(2)});
}

LoadRecord RecordOf(const LoadResult& result) {
  return {.description = {.server = "host:1",
                          .model = "m",
                          .method = "embed",
                          .loop = "closed loop of 4",
                          .length = "fixed:8",
                          .seed = ~uint64_t{0},
                          .started = "2026-11-24T15:00:00Z"},
          .points = {MakeLoadPoint(result, /*offered_per_second=*/0)},
          .knee = {},
          .samples = {{.seconds = 1, .batches_per_second = 2, .mean_batch_tokens = 64}}};
}

LoadRecord SampleRecord() { return RecordOf(SampleResult()); }

// Of two steps.
LoadRecord SampleSweep() {
  LoadRecord record = SampleRecord();
  record.points.push_back(record.points[0]);
  record.points[0].offered_per_second = 4;
  record.points[1].offered_per_second = 8;
  record.knee = Knee{4, "at 8 calls/s it is too much"};
  return record;
}

TEST(ReportTest, TheJsonHasCountsRatesAndCodes) {
  const json report = json::parse(LoadRecordJson(SampleRecord()));
  EXPECT_EQ(report["sent"], 3);
  EXPECT_EQ(report["not_sent"], 5);
  EXPECT_EQ(report["ok"], 2);
  EXPECT_EQ(report["ok_in_time"], 1);
  EXPECT_EQ(report["ok_per_second"], 1.0);
  EXPECT_EQ(report["ok_tokens_per_second"], 8.0);
  EXPECT_EQ(report["due_per_second"], 8.0);
  EXPECT_EQ(report["calls_by_code"], json({{"OK", 2}, {"RESOURCE_EXHAUSTED", 1}}));
}

TEST(ReportTest, LatenciesAreThoseOfCallsThatSucceeded) {
  const json report = json::parse(LoadRecordJson(SampleRecord()));
  EXPECT_NEAR(report["latency_ms"]["p50"], 10, 0.05);
  EXPECT_NEAR(report["latency_ms"]["p99.9"], 20, 0.1);
  EXPECT_EQ(report["latency_ms"]["max"], 20.0);
  EXPECT_NEAR(report["queue_ms"]["p99"], 2, 0.01);
  EXPECT_NEAR(report["compute_ms"]["p99"], 4, 0.02);
}

TEST(ReportTest, TheTableShowsTheSame) {
  EXPECT_THAT(ReportTable(SampleRecord()),
              AllOf(HasSubstr("embed on host:1 (m), closed loop of 4, 1 x fixed:8 tokens a call"),
                    HasSubstr("not sent     5  calls"), HasSubstr("goodput      8  tokens/s"),
                    HasSubstr("RESOURCE_EXHAUSTED      1\n")));
}

TEST(ReportTest, TheTableOfASweepShowsTheKnee) {
  EXPECT_THAT(ReportTable(SampleSweep()), AllOf(HasSubstr("knee: 4 calls/s; at 8 calls/s it is too much\n"),
                                                HasSubstr("2.00  knee\n"), HasSubstr("RESOURCE_EXHAUSTED      2\n")));
}

TEST(ReportTest, ALineOfTheCsvHasAsManyCellsAsTheTitles) {
  const std::vector<std::string> lines = absl::StrSplit(ReportCsv(SampleSweep()), "\r\n", absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 3);
  EXPECT_THAT(lines[0], HasSubstr("ok_per_second,ok_tokens_per_second,latency_ms_p50"));
  EXPECT_THAT(lines[2], HasSubstr("8,8,2,3,5,2,1,1,8,"));
  for (const std::string& line : lines) EXPECT_EQ(absl::c_count(line, ','), absl::c_count(lines[0], ','));
}

TEST(ReportTest, NothingCompletedIsStillAReport) {
  const LoadResult nothing = LoadStatistics().result({});
  EXPECT_EQ(json::parse(LoadRecordJson(RecordOf(nothing)))["ok_per_second"], 0.0);
}

TEST(LoadRecordJsonTest, WhatIsWrittenIsReadAsItWas) {
  for (const LoadRecord& record : {SampleRecord(), SampleSweep()}) {
    const std::string text = LoadRecordJson(record);
    const absl::StatusOr<LoadRecord> read = ParseLoadRecord(text, "report.json");
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(LoadRecordJson(*read), text);
  }
}

TEST(LoadRecordJsonTest, AnythingElseIsRefusedByName) {
  const auto error = [](const json& object) {
    return std::string(ParseLoadRecord(object.dump(), "report.json").status().message());
  };
  json object = json::parse(LoadRecordJson(SampleSweep()));
  object["points"][1]["latency_ms"]["p99"] = "slow";
  EXPECT_EQ(error(object), "report.json is no report of attnd-load: it has no number 'p99'");
  object = json::parse(LoadRecordJson(SampleSweep()));
  object["points"] = json::array();
  EXPECT_EQ(error(object), "report.json has no points");
  object["points"] = {1, {2}};
  EXPECT_THAT(error(object), HasSubstr("it has no number"));
  EXPECT_THAT(error(json::object()), HasSubstr("it has no string 'server'"));
  EXPECT_THAT(ParseLoadRecord("[", "report.json").status().message(), HasSubstr("report.json"));
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
