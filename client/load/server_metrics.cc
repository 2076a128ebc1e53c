#include "client/load/server_metrics.h"

#include <limits>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace attnd::client {
namespace {

// A name and a value; the bound of a bucket.
struct Line {
  absl::string_view name;
  std::optional<double> bound;
  double value = 0;
};

// Of a label le="BOUND"; numbers need no escapes.
std::optional<double> ParseBound(absl::string_view labels) {
  constexpr absl::string_view kLabel = "le=\"";
  const size_t begin = labels.find(kLabel);
  if (begin == absl::string_view::npos) return std::nullopt;
  labels.remove_prefix(begin + kLabel.size());
  double bound = 0;
  if (!absl::SimpleAtod(labels.substr(0, labels.find('"')), &bound)) return std::nullopt;
  return bound;
}

std::optional<Line> ParseLine(absl::string_view text) {
  const size_t space = text.rfind(' ');
  if (text.empty() || text.front() == '#' || space == absl::string_view::npos) return std::nullopt;
  Line line;
  if (!absl::SimpleAtod(text.substr(space + 1), &line.value)) return std::nullopt;
  const absl::string_view series = text.substr(0, space);
  line.name = series.substr(0, series.find('{'));
  line.bound = ParseBound(series);
  return line;
}

double MeanOf(double sum, double count) { return count > 0 ? sum / count : 0; }

// Within the bucket it falls in as if that were filled evenly; the highest bound for what is beyond it.
double QuantileSeconds(const std::map<double, double>& buckets, double quantile) {
  if (buckets.empty()) return 0;
  const double rank = quantile * buckets.rbegin()->second;
  double lower_bound = 0;
  double lower_count = 0;
  for (const auto& [bound, count] : buckets) {
    if (count >= rank && count > lower_count) {
      if (bound == std::numeric_limits<double>::infinity()) return lower_bound;
      return lower_bound + (bound - lower_bound) * (rank - lower_count) / (count - lower_count);
    }
    lower_bound = bound;
    lower_count = count;
  }
  return 0;
}

}  // namespace

void ServerMetrics::Add(const ServerMetrics& other) {
  batches += other.batches;
  batch_tokens += other.batch_tokens;
  batch_requests += other.batch_requests;
  queue_count += other.queue_count;
  queue_seconds += other.queue_seconds;
  for (const auto& [bound, count] : other.queue_buckets) queue_buckets[bound] += count;
  queue_requests += other.queue_requests;
}

ServerMetrics ServerMetrics::Since(const ServerMetrics& before) const {
  ServerMetrics change = {.batches = batches - before.batches,
                          .batch_tokens = batch_tokens - before.batch_tokens,
                          .batch_requests = batch_requests - before.batch_requests,
                          .queue_count = queue_count - before.queue_count,
                          .queue_seconds = queue_seconds - before.queue_seconds,
                          .queue_buckets = queue_buckets,
                          .queue_requests = queue_requests};
  for (const auto& [bound, count] : before.queue_buckets) change.queue_buckets[bound] -= count;
  return change;
}

absl::StatusOr<ServerMetrics> ParseServerMetrics(absl::string_view text) {
  ServerMetrics metrics;
  absl::flat_hash_map<absl::string_view, double*> places = {{"attnd_batch_tokens_count", &metrics.batches},
                                                            {"attnd_batch_tokens_sum", &metrics.batch_tokens},
                                                            {"attnd_batch_requests_sum", &metrics.batch_requests},
                                                            {"attnd_queue_wait_seconds_count", &metrics.queue_count},
                                                            {"attnd_queue_wait_seconds_sum", &metrics.queue_seconds},
                                                            {"attnd_queue_requests", &metrics.queue_requests}};
  absl::flat_hash_map<absl::string_view, bool> seen;
  for (const absl::string_view each : absl::StrSplit(text, '\n')) {
    const std::optional<Line> line = ParseLine(absl::StripSuffix(each, "\r"));
    if (!line.has_value()) continue;
    if (line->name == "attnd_queue_wait_seconds_bucket" && line->bound.has_value()) {
      metrics.queue_buckets[*line->bound] += line->value;
    } else if (const auto place = places.find(line->name); place != places.end()) {
      *place->second += line->value;
      seen[line->name] = true;
    }
  }
  for (const auto& [name, place] : places) {
    if (!seen.contains(name)) return absl::NotFoundError(absl::StrCat("no metric ", name));
  }
  return metrics;
}

ServerSample MakeServerSample(const ServerMetrics& change, absl::Duration interval, absl::Duration end) {
  const double seconds = absl::ToDoubleSeconds(interval);
  return {.seconds = absl::ToDoubleSeconds(end),
          .batches_per_second = MeanOf(change.batches, seconds),
          .mean_batch_tokens = MeanOf(change.batch_tokens, change.batches),
          .mean_batch_requests = MeanOf(change.batch_requests, change.batches),
          .mean_queue_ms = MeanOf(change.queue_seconds, change.queue_count) * 1e3,
          .p99_queue_ms = QuantileSeconds(change.queue_buckets, 0.99) * 1e3,
          .queue_requests = change.queue_requests};
}

}  // namespace attnd::client
