#include "client/load/load_charts.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace attnd::client {
namespace {

using Records = std::vector<NamedRecord>;

// A series still without points: "p99", or "before: p99" where there are several records. The last record's is drawn
// over the wider ones of those before it, so that all are seen where they are the same.
ChartSeries SeriesOf(const Records& records, const NamedRecord& record, const std::string& what) {
  if (records.size() == 1) return {.name = what, .points = {}};
  return {.name = absl::StrCat(record.name, ": ", what), .points = {}, .wide = &record != &records.back()};
}

// One point of a series for each point of a record.
template <typename Value>
ChartSeries OverLoad(ChartSeries series, const LoadRecord& record, Value value) {
  for (const LoadPoint& point : record.points) {
    if (point.ok > 0) series.points.push_back({point.offered_per_second, value(point)});
  }
  return series;
}

template <typename Value>
ChartSeries OverTime(ChartSeries series, const LoadRecord& record, Value value) {
  for (const ServerSample& sample : record.samples) series.points.push_back({sample.seconds, value(sample)});
  return series;
}

// Where the only record's knee is.
std::optional<ChartTick> KneeMarker(const Records& records) {
  if (records.size() != 1 || records[0].record->knee->offered_per_second == 0) return std::nullopt;
  return ChartTick{records[0].record->knee->offered_per_second, "knee"};
}

Chart ThroughputChart(const Records& records) {
  Chart chart = {.title = "Throughput against offered load",
                 .x_title = "calls/s offered",
                 .y_title = "calls/s answered OK",
                 .marker = KneeMarker(records)};
  double highest = 0;
  for (const NamedRecord& each : records) {
    for (const LoadPoint& point : each.record->points) highest = std::max(highest, point.offered_per_second);
    chart.series.push_back(OverLoad(SeriesOf(records, each, "answered"), *each.record,
                                    [](const LoadPoint& point) { return point.ok_per_second(); }));
  }
  chart.series.push_back({.name = "as offered", .points = {{0, 0}, {highest, highest}}, .dashed = true, .dots = false});
  return chart;
}

Chart LatencyChart(const Records& records) {
  Chart chart = {.title = "Latency against offered load",
                 .x_title = "calls/s offered",
                 .y_title = "ms, logarithmic",
                 .y_scale = ChartScale::kLogarithmic,
                 .marker = KneeMarker(records)};
  for (const NamedRecord& each : records) {
    const auto add = [&](const char* name, double (Latencies::*percentile)() const) {
      chart.series.push_back(OverLoad(SeriesOf(records, each, name), *each.record,
                                      [=](const LoadPoint& point) { return (point.latency.*percentile)(); }));
    };
    add("p50", &Latencies::p50);
    if (records.size() == 1) add("p90", &Latencies::p90);
    add("p99", &Latencies::p99);
  }
  return chart;
}

// Percentiles that calls enough stand for; x counts calls for one that is slower.
ChartSeries ByPercentile(ChartSeries series, const Latencies& latencies, int64_t count) {
  for (size_t i = 0; i < kPercents.size(); ++i) {
    const double one_in = 100 / (100 - kPercents[i]);
    if (static_cast<double>(count) >= one_in * (1 - 1e-9)) series.points.push_back({one_in, latencies.percentiles[i]});
  }
  return series;
}

Chart PercentileChart(const Records& records) {
  Chart chart = {.title = "Latency by percentile",
                 .x_title = "share of calls that are faster",
                 .y_title = "ms, logarithmic",
                 .x_scale = ChartScale::kLogarithmic,
                 .y_scale = ChartScale::kLogarithmic};
  for (const double percent : {50.0, 90.0, 99.0, 99.9, 99.99}) {
    chart.x_ticks.push_back({100 / (100 - percent), absl::StrFormat("%g %%", percent)});
  }
  if (records.size() > 1) {
    for (const NamedRecord& each : records) {
      const LoadPoint& point = each.record->main_point();
      chart.series.push_back(ByPercentile(SeriesOf(records, each, each.record->is_sweep() ? "at the knee" : "latency"),
                                          point.latency, point.ok));
    }
    return chart;
  }
  const auto add = [&](std::string name, const Latencies& latencies, const LoadPoint& point) {
    chart.series.push_back(ByPercentile({.name = std::move(name), .points = {}}, latencies, point.ok));
  };
  const LoadRecord& record = *records[0].record;
  if (!record.is_sweep()) {
    const LoadPoint& point = record.main_point();
    add("latency", point.latency, point);
    add("in the queue", point.queue, point);
    add("computing", point.compute, point);
    return chart;
  }
  std::vector<const LoadPoint*> shown = {&record.points.front()};
  for (const LoadPoint* point : {&record.main_point(), &record.points.back()}) {
    if (!absl::c_linear_search(shown, point)) shown.push_back(point);
  }
  for (const LoadPoint* point : shown) {
    add(absl::StrCat(FormatNumber(point->offered_per_second), " calls/s"), point->latency, *point);
  }
  return chart;
}

Chart BatchChart(const Records& records, const std::string& what, double ServerSample::* mean) {
  Chart chart = {.title = absl::StrCat(what, " in a batch"),
                 .x_title = "seconds since the start",
                 .y_title = "mean, of the servers' metrics"};
  for (const NamedRecord& each : records) {
    chart.series.push_back(OverTime(SeriesOf(records, each, "mean"), *each.record,
                                    [mean](const ServerSample& sample) { return sample.*mean; }));
  }
  return chart;
}

Chart QueueChart(const Records& records) {
  Chart chart = {
      .title = "Delay in the queue", .x_title = "seconds since the start", .y_title = "ms, of the servers' metrics"};
  for (const NamedRecord& each : records) {
    chart.series.push_back(OverTime(SeriesOf(records, each, "mean"), *each.record,
                                    [](const ServerSample& sample) { return sample.mean_queue_ms; }));
    chart.series.push_back(OverTime(SeriesOf(records, each, "p99"), *each.record,
                                    [](const ServerSample& sample) { return sample.p99_queue_ms; }));
  }
  return chart;
}

}  // namespace

std::vector<Chart> LoadCharts(const std::vector<NamedRecord>& records) {
  std::vector<Chart> charts;
  Records sweeps;
  absl::c_copy_if(records, std::back_inserter(sweeps), [](const NamedRecord& each) { return each.record->is_sweep(); });
  if (!sweeps.empty()) {
    charts.push_back(ThroughputChart(sweeps));
    charts.push_back(LatencyChart(sweeps));
  }
  charts.push_back(PercentileChart(records));
  Records sampled;
  absl::c_copy_if(records, std::back_inserter(sampled),
                  [](const NamedRecord& each) { return !each.record->samples.empty(); });
  if (!sampled.empty()) {
    charts.push_back(BatchChart(sampled, "Tokens", &ServerSample::mean_batch_tokens));
    charts.push_back(BatchChart(sampled, "Calls", &ServerSample::mean_batch_requests));
    charts.push_back(QueueChart(sampled));
  }
  return charts;
}

std::string RenderLoadCharts(const std::vector<NamedRecord>& records) {
  std::string html = "<div class=\"charts\">\n";
  for (const Chart& chart : LoadCharts(records)) absl::StrAppend(&html, RenderChart(chart));
  return absl::StrCat(html, "</div>\n");
}

}  // namespace attnd::client
