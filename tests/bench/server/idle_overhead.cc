#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "tests/bench/server/cases.h"

namespace attnd {
namespace {

// Of what is not empty.
Percentiles PercentilesOf(std::vector<absl::Duration> values) {
  std::sort(values.begin(), values.end());
  // The smallest that `percent` of them do not exceed.
  const auto percentile = [&](size_t percent) { return values[(values.size() * percent + 99) / 100 - 1]; };
  return {.p50 = percentile(50), .p99 = percentile(99)};
}

}  // namespace

absl::StatusOr<IdleOverhead> MeasureIdleOverhead(const ForkedServer& server, client::Client& client,
                                                 client::Workload& workload, int64_t call_count) {
  std::vector<absl::Duration> embed;
  std::vector<absl::Duration> get_model;
  std::vector<absl::Duration> get_model_cpu;
  for (int64_t i = 0; i < call_count; ++i) {
    const v1::EmbedRequest request = workload.NextEmbed();
    const absl::Time started_at = absl::Now();
    const auto response = client.Embed(request);
    const absl::Time embedded_at = absl::Now();
    if (!response.ok()) return response.status();
    const absl::Duration cpu_before = server.CpuTimeOutsideEngine();
    const absl::Time called_at = absl::Now();
    const auto model = client.GetModel();
    get_model.push_back(absl::Now() - called_at);
    if (!model.ok()) return model.status();
    get_model_cpu.push_back(server.CpuTimeOutsideEngine() - cpu_before);
    embed.push_back(embedded_at - started_at - absl::Seconds(response->timing().compute_seconds()));
  }
  return IdleOverhead{.embed = PercentilesOf(std::move(embed)),
                      .get_model = PercentilesOf(std::move(get_model)),
                      .get_model_cpu = PercentilesOf(std::move(get_model_cpu)).p50};
}

}  // namespace attnd
