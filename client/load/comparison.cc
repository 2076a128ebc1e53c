#include "client/load/comparison.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/load/html_page.h"
#include "client/load/report.h"
#include "client/load/svg_chart.h"
#include "client/text_table.h"

namespace attnd::client {
namespace {

// In percent, below which a change is none.
constexpr double kLeastChange = 1;

double FailedPercent(const LoadPoint& point) {
  const int64_t due = point.due();
  return due > 0 ? 100 * static_cast<double>(point.failed()) / static_cast<double>(due) : 0;
}

std::vector<std::vector<std::string>> Rows(const NamedRecord& before, const NamedRecord& after) {
  std::vector<std::vector<std::string>> rows;
  for (const ComparedValue& value : Compare(*before.record, *after.record)) {
    rows.push_back({value.name, FormatNumber(value.before), FormatNumber(value.after), DescribeChange(value)});
  }
  return rows;
}

}  // namespace

std::vector<ComparedValue> Compare(const LoadRecord& before, const LoadRecord& after) {
  const LoadPoint& first = before.main_point();
  const LoadPoint& second = after.main_point();
  std::vector<ComparedValue> values;
  if (before.is_sweep() && after.is_sweep()) {
    values.push_back({"knee, calls/s", before.knee->offered_per_second, after.knee->offered_per_second, true});
  }
  const auto add_latency = [&](const char* name, double (Latencies::*percentile)() const) {
    values.push_back({name, (first.latency.*percentile)(), (second.latency.*percentile)()});
  };
  values.push_back({"answered OK, calls/s", first.ok_per_second(), second.ok_per_second(), true});
  values.push_back({"goodput, tokens/s", first.ok_tokens_per_second(), second.ok_tokens_per_second(), true});
  values.push_back({"failed, % of the calls", FailedPercent(first), FailedPercent(second)});
  add_latency("latency p50, ms", &Latencies::p50);
  add_latency("latency p90, ms", &Latencies::p90);
  add_latency("latency p99, ms", &Latencies::p99);
  add_latency("latency p99.9, ms", &Latencies::p999);
  values.push_back({"queue p50, ms", first.queue.p50(), second.queue.p50()});
  values.push_back({"queue p99, ms", first.queue.p99(), second.queue.p99()});
  values.push_back({"compute p50, ms", first.compute.p50(), second.compute.p50()});
  values.push_back({"compute p99, ms", first.compute.p99(), second.compute.p99()});
  return values;
}

std::vector<std::string> Differences(const LoadRecord& before, const LoadRecord& after) {
  const LoadDescription& a = before.description;
  const LoadDescription& b = after.description;
  std::vector<std::string> differences;
  const auto note = [&](const char* what, const std::string& first, const std::string& second) {
    if (first != second) differences.push_back(absl::StrCat("The ", what, " differs: ", first, " and ", second, "."));
  };
  note("model", a.model, b.model);
  note("method", a.method, b.method);
  note("loop", a.loop, b.loop);
  note("length of inputs", a.length, b.length);
  note("number of inputs in a call", absl::StrCat(a.inputs_per_request), absl::StrCat(b.inputs_per_request));
  note("seed", absl::StrCat(a.seed), absl::StrCat(b.seed));
  return differences;
}

std::string DescribeChange(const ComparedValue& value) {
  if (value.before == value.after) return "same";
  if (value.before == 0) return "";
  const double percent = 100 * (value.after - value.before) / value.before;
  if (std::abs(percent) < kLeastChange) return "same";
  return absl::StrFormat("%+.1f %%, %s", percent, (percent > 0) == value.more_is_better ? "better" : "worse");
}

std::string ComparisonTable(const NamedRecord& before, const NamedRecord& after) {
  TextTable table({{""}, {before.name, Align::kRight}, {after.name, Align::kRight}, {"change"}});
  for (std::vector<std::string>& row : Rows(before, after)) table.AddRow(std::move(row));
  std::string text;
  for (const NamedRecord& each : {before, after}) {
    absl::StrAppend(&text, each.name, ": ", DescribeLoad(each.record->description), "\n");
    if (each.record->is_sweep()) absl::StrAppend(&text, "  ", DescribeKnee(*each.record->knee), "\n");
  }
  for (const std::string& difference : Differences(*before.record, *after.record)) {
    absl::StrAppend(&text, difference, "\n");
  }
  return absl::StrCat(text, "\n", table.ToString());
}

std::string HtmlComparison(const NamedRecord& before, const NamedRecord& after) {
  const std::string title = absl::StrCat(before.name, " and ", after.name);
  std::string body = absl::StrCat("<h1>", EscapeHtml(title), "</h1>\n");
  for (const NamedRecord& each : {before, after}) {
    absl::StrAppend(&body, "<p class=\"about\">",
                    EscapeHtml(absl::StrCat(each.name, ": ", DescribeLoad(each.record->description))), "; ",
                    EscapeHtml(each.record->description.started), "</p>\n");
  }
  for (const std::string& difference : Differences(*before.record, *after.record)) {
    absl::StrAppend(&body, "<p class=\"notice\">", EscapeHtml(difference), "</p>\n");
  }
  const bool sweeps = before.record->is_sweep() || after.record->is_sweep();
  absl::StrAppend(&body, "<h2>", sweeps ? "At the knee" : "Numbers", "</h2>\n",
                  HtmlTable({{"", false}, {before.name}, {after.name}, {"change", false}}, Rows(before, after)),
                  "<h2>Charts</h2>\n", RenderLoadCharts({before, after}));
  return HtmlPage(title, body);
}

}  // namespace attnd::client
