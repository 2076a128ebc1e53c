#include "client/load/html_report.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/load/html_page.h"
#include "client/load/load_charts.h"
#include "client/load/report.h"
#include "client/load/svg_chart.h"
#include "client/text_table.h"

namespace attnd::client {
namespace {

std::string Tiles(const LoadRecord& record) {
  const LoadPoint& point = record.main_point();
  const std::string where = record.is_sweep() ? ", at the knee" : "";
  std::vector<HtmlTile> tiles;
  if (record.is_sweep()) {
    const double knee = record.knee->offered_per_second;
    tiles.push_back({knee > 0 ? FormatNumber(knee) : "none", knee > 0 ? "calls/s" : "", "the knee"});
  }
  tiles.push_back({FormatNumber(point.ok_per_second()), "calls/s", absl::StrCat("answered OK", where)});
  tiles.push_back({FormatNumber(point.ok_tokens_per_second()), "tokens/s", absl::StrCat("of these", where)});
  tiles.push_back({FormatNumber(point.latency.p50()), "ms", absl::StrCat("latency, p50", where)});
  tiles.push_back({FormatNumber(point.latency.p99()), "ms", absl::StrCat("latency, p99", where)});
  tiles.push_back(
      {WithSeparators(static_cast<uint64_t>(point.failed())), "calls", absl::StrCat("not OK or not sent", where)});
  return HtmlTiles(tiles);
}

std::string PointsTable(const LoadRecord& record) {
  std::vector<std::vector<std::string>> rows;
  for (const LoadPoint& point : record.points) {
    rows.push_back({FormatNumber(point.due_per_second), FormatNumber(point.ok_per_second()),
                    FormatNumber(point.ok_tokens_per_second()), absl::StrCat(point.failed()),
                    FormatNumber(point.latency.p50()), FormatNumber(point.latency.p90()),
                    FormatNumber(point.latency.p99()), FormatNumber(point.latency.p999()),
                    FormatNumber(point.latency.max), FormatNumber(point.queue.p50()), FormatNumber(point.queue.p99()),
                    FormatNumber(point.compute.p50()), FormatNumber(point.compute.p99())});
  }
  return HtmlTable({{record.is_sweep() ? "calls/s offered" : "calls/s made"},
                    {"calls/s OK"},
                    {"tokens/s"},
                    {"failed"},
                    {"p50 ms"},
                    {"p90 ms"},
                    {"p99 ms"},
                    {"p99.9 ms"},
                    {"max ms"},
                    {"queue p50"},
                    {"queue p99"},
                    {"compute p50"},
                    {"compute p99"}},
                   rows);
}

std::string HtmlCodesTable(const LoadRecord& record) {
  int64_t not_sent = 0;
  for (const LoadPoint& point : record.points) not_sent += point.not_sent;
  std::vector<std::vector<std::string>> rows;
  for (const auto& [code, calls] : record.calls_by_code())
    rows.push_back({code, WithSeparators(static_cast<uint64_t>(calls))});
  if (not_sent > 0) rows.push_back({"not sent: too many in flight", WithSeparators(static_cast<uint64_t>(not_sent))});
  return HtmlTable({{"status", /*number=*/false}, {"calls"}}, rows);
}

}  // namespace

std::string HtmlReport(const LoadRecord& record) {
  const LoadDescription& description = record.description;
  const std::string title = absl::StrCat("Load on ", description.server);
  std::string body =
      absl::StrCat("<h1>", EscapeHtml(title), "</h1>\n<p class=\"about\">", EscapeHtml(DescribeLoad(description)), "; ",
                   EscapeHtml(description.started), "</p>\n");
  if (record.is_sweep()) absl::StrAppend(&body, "<p>", EscapeHtml(DescribeKnee(*record.knee)), "</p>\n");
  absl::StrAppend(&body, Tiles(record), RenderLoadCharts({{"", &record}}));
  absl::StrAppend(
      &body, "<h2>", record.is_sweep() ? "Steps" : "Numbers", "</h2>\n", PointsTable(record), "<h2>Answers</h2>\n",
      HtmlCodesTable(record),
      "<h2>How to read this</h2>\n<p class=\"about\">Latency is that of calls that succeeded, from the moment each was "
      "due to its answer; percentiles are exact to half a percent. Queue and compute times are the servers' own. "
      "A percentile is drawn where calls enough stand for it.</p>\n");
  return HtmlPage(title, body);
}

}  // namespace attnd::client
