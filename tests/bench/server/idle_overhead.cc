#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/time/clock.h"
#include "tests/bench/server/cases.h"

namespace attnd {
namespace {

// The smallest of sorted `values` that `percent` of them do not exceed.
absl::Duration Percentile(const std::vector<absl::Duration>& values, size_t percent) {
  return values[(values.size() * percent + 99) / 100 - 1];
}

}  // namespace

absl::StatusOr<IdleOverhead> MeasureIdleOverhead(client::Client& client, client::Workload& workload,
                                                 int64_t call_count) {
  std::vector<absl::Duration> overheads;
  for (int64_t i = 0; i < call_count; ++i) {
    const v1::EmbedRequest request = workload.NextEmbed();
    const absl::Time started_at = absl::Now();
    const auto response = client.Embed(request);
    const absl::Duration round_trip = absl::Now() - started_at;
    if (!response.ok()) return response.status();
    overheads.push_back(round_trip - absl::Seconds(response->timing().compute_seconds()));
  }
  std::sort(overheads.begin(), overheads.end());
  return IdleOverhead{.p50 = Percentile(overheads, 50), .p99 = Percentile(overheads, 99)};
}

}  // namespace attnd
