#include "client/load/html_report.h"

#include <cmath>
#include <limits>
#include <string>

#include "client/load/comparison.h"
#include "client/load/svg_chart.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd::client {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

LoadPoint PointOf(double offered, double latency_ms) {
  LoadPoint point = {.offered_per_second = offered,
                     .due_per_second = offered,
                     .elapsed_seconds = 10,
                     .sent = static_cast<int64_t>(offered * 10),
                     .ok = static_cast<int64_t>(offered * 10),
                     .ok_in_time = static_cast<int64_t>(offered * 10),
                     .ok_tokens = static_cast<int64_t>(offered * 80)};
  point.latency.percentiles.fill(latency_ms);
  point.calls_by_code["OK"] = point.ok;
  return point;
}

LoadRecord SweepOf(double latency_ms) {
  return {.description = {.server = "<host>:1", .model = "m & n", .method = "embed", .loop = "sweep"},
          .points = {PointOf(10, latency_ms), PointOf(20, 2 * latency_ms)},
          .knee = Knee{20, "not reached"},
          .samples = {{.seconds = 1, .mean_batch_tokens = 64}, {.seconds = 2, .mean_batch_tokens = 65}}};
}

TEST(HtmlReportTest, APageNeedsNothingFromElsewhereAndRunsNothing) {
  const std::string html = HtmlReport(SweepOf(5));
  EXPECT_THAT(html, AllOf(Not(HasSubstr("http")), Not(HasSubstr("<script")), Not(HasSubstr("url("))));
}

TEST(HtmlReportTest, TextOfServersIsEscaped) {
  EXPECT_THAT(HtmlReport(SweepOf(5)), AllOf(HasSubstr("Load on &lt;host&gt;:1"), HasSubstr("(m &amp; n)")));
}

TEST(HtmlReportTest, ASweepHasItsChartsAndTheKnee) {
  EXPECT_THAT(HtmlReport(SweepOf(5)),
              AllOf(HasSubstr("Throughput against offered load"), HasSubstr("Latency against offered load"),
                    HasSubstr("Latency by percentile"), HasSubstr("Tokens in a batch"), HasSubstr("Delay in the queue"),
                    HasSubstr("class=\"marker\""), HasSubstr("p99: 10 at 20")));
}

TEST(HtmlReportTest, ALoadWithoutAnswersIsStillAPage) {
  LoadRecord record = SweepOf(5);
  record.knee = {};
  record.samples = {};
  record.points = {LoadPoint{}};
  EXPECT_THAT(HtmlReport(record), HasSubstr("nothing was measured"));
}

TEST(SvgChartTest, NothingThatIsNoNumberIsDrawn) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::string html =
      RenderChart({.title = "t",
                   .y_scale = ChartScale::kLogarithmic,
                   .series = {{.name = "s", .points = {{1, std::nan("")}, {2, infinity}, {3, 0}, {4, 5}}}}});
  EXPECT_THAT(html, AllOf(Not(HasSubstr("nan")), Not(HasSubstr("inf")), HasSubstr("<circle")));
}

TEST(SvgChartTest, NumbersHaveThreeDigitsOrGroups) {
  EXPECT_EQ(FormatNumber(0), "0");
  EXPECT_EQ(FormatNumber(0.01234), "0.0123");
  EXPECT_EQ(FormatNumber(12.34), "12.3");
  EXPECT_EQ(FormatNumber(12345.6), "12,346");
  EXPECT_EQ(FormatNumber(-2), "-2");
}

TEST(ComparisonTest, ChangesAreTold) {
  EXPECT_EQ(DescribeChange({"", 100, 150, /*more_is_better=*/true}), "+50.0 %, better");
  EXPECT_EQ(DescribeChange({"", 100, 150}), "+50.0 %, worse");
  EXPECT_EQ(DescribeChange({"", 100, 80}), "-20.0 %, better");
  EXPECT_EQ(DescribeChange({"", 100, 100.9}), "same");
  EXPECT_EQ(DescribeChange({"", 0, 1}), "");
  EXPECT_EQ(DescribeChange({"", 0, 0}), "same");
}

TEST(ComparisonTest, TextAndPageShowBothAndWhatDiffersInTheAsking) {
  const LoadRecord before = SweepOf(5);
  LoadRecord after = SweepOf(10);
  after.description.length = "fixed:7";
  EXPECT_THAT(Differences(before, before), IsEmpty());
  EXPECT_THAT(Differences(before, after), ElementsAre("The length of inputs differs:  and fixed:7."));
  EXPECT_THAT(ComparisonTable({"a", &before}, {"b", &after}),
              AllOf(HasSubstr("latency p99, ms"), HasSubstr("+100.0 %, worse"), HasSubstr("fixed:7")));
  EXPECT_THAT(
      HtmlComparison({"a", &before}, {"b", &after}),
      AllOf(HasSubstr("a: p99"), HasSubstr("b: p99"), HasSubstr("+100.0 %, worse"), HasSubstr("class=\"notice\"")));
}

}  // namespace
}  // namespace attnd::client
