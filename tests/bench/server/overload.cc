#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/load/load_run.h"
#include "client/load/load_statistics.h"
#include "tests/bench/server/cases.h"
#include "tests/bench/server/sender.h"

namespace attnd {

absl::StatusOr<Overload> MeasureOverload(client::Client& client, client::Workload& workload, double calls_per_second,
                                         absl::Duration duration) {
  client::LoadStatistics statistics;
  const client::LoadTimes times =
      client::RunLoad({.loop = client::OpenLoop{.rate_per_s = calls_per_second, .seed = 1}, .duration = duration},
                      Sender(client, workload, [](const v1::Timing&) {}), /*stop=*/false, statistics);
  const client::LoadResult result = statistics.result(times);
  for (const auto& [code, calls] : result.calls_by_code) {
    if (code != absl::StatusCode::kOk && code != absl::StatusCode::kResourceExhausted) {
      return absl::InternalError(absl::StrCat(calls, " calls ended with ", absl::StatusCodeToString(code)));
    }
  }
  return Overload{
      .tokens_per_second = static_cast<double>(result.counts.ok_tokens) / absl::ToDoubleSeconds(times.elapsed),
      .refused = 1 - static_cast<double>(result.counts.ok) / static_cast<double>(result.counts.completed),
      .p99 = result.latency.Percentile(99)};
}

}  // namespace attnd
