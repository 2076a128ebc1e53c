#include "client/load/load_record.h"

#include "absl/status/status.h"

namespace attnd::client {
namespace {

// Of latency, in which the fastest answers come.
constexpr double kLeastLatencyPercent = 10;

double PerSecond(int64_t count, double seconds) { return seconds > 0 ? static_cast<double>(count) / seconds : 0; }

Latencies MakeLatencies(const LatencySummary& summary) {
  Latencies latencies;
  for (size_t i = 0; i < kPercents.size(); ++i) {
    latencies.percentiles[i] = absl::ToDoubleMilliseconds(summary.Percentile(kPercents[i]));
  }
  latencies.max = absl::ToDoubleMilliseconds(summary.max());
  return latencies;
}

}  // namespace

double LoadPoint::ok_per_second() const { return PerSecond(ok, elapsed_seconds); }

double LoadPoint::ok_tokens_per_second() const { return PerSecond(ok_tokens, elapsed_seconds); }

std::map<std::string, int64_t> LoadRecord::calls_by_code() const {
  std::map<std::string, int64_t> sum;
  for (const LoadPoint& point : points) {
    for (const auto& [code, calls] : point.calls_by_code) sum[code] += calls;
  }
  return sum;
}

const LoadPoint& LoadRecord::main_point() const {
  if (knee.has_value()) {
    for (const LoadPoint& point : points) {
      if (point.offered_per_second == knee->offered_per_second) return point;
    }
  }
  return points.front();
}

LoadPoint MakeLoadPoint(const LoadResult& result, double offered_per_second) {
  const LoadCounts& counts = result.counts;
  const absl::Duration in_time = result.times.calling + result.latency.Percentile(kLeastLatencyPercent);
  LoadPoint point = {
      .offered_per_second = offered_per_second,
      .due_per_second = PerSecond(counts.sent + counts.not_sent, absl::ToDoubleSeconds(result.times.calling)),
      .elapsed_seconds = absl::ToDoubleSeconds(result.times.elapsed),
      .sent = counts.sent,
      .not_sent = counts.not_sent,
      .ok = counts.ok,
      .ok_in_time = result.ok_times.CountAtOrBelow(in_time),
      .ok_tokens = counts.ok_tokens,
      .latency = MakeLatencies(result.latency),
      .queue = MakeLatencies(result.queue),
      .compute = MakeLatencies(result.compute),
      .calls_by_code = {}};
  for (const auto& [code, calls] : result.calls_by_code) point.calls_by_code[absl::StatusCodeToString(code)] = calls;
  return point;
}

}  // namespace attnd::client
