#include "client/load/load_flags.h"

#include <utility>

#include "absl/flags/declare.h"
#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "client/connection_flags.h"
#include "client/load/length_distribution.h"

ABSL_DECLARE_FLAG(std::string, server);

// Described in usage.h.
ABSL_FLAG(std::string, method, "embed", "");
ABSL_FLAG(std::string, length, "fixed:128", "");
ABSL_FLAG(int64_t, inputs_per_request, 1, "");
ABSL_FLAG(uint64_t, seed, 1, "");
ABSL_FLAG(int64_t, concurrency, 0, "");
ABSL_FLAG(double, rate_per_s, 0, "");
ABSL_FLAG(bool, sweep, false, "");
ABSL_FLAG(double, sweep_factor, 1.4, "");
ABSL_FLAG(double, latency_limit_ms, 0, "");
ABSL_FLAG(double, duration_s, 0, "");
ABSL_FLAG(int64_t, requests, 0, "");
ABSL_FLAG(int64_t, timeout_ms, 10000, "");
ABSL_FLAG(int64_t, max_inflight, 4096, "");
ABSL_FLAG(int64_t, channels, 1, "");
ABSL_FLAG(std::string, metrics_url, "", "");
ABSL_FLAG(int64_t, metrics_interval_ms, 1000, "");
ABSL_FLAG(std::string, json, "", "");
ABSL_FLAG(std::string, csv, "", "");
ABSL_FLAG(std::string, html, "", "");

namespace attnd::client {
namespace {

constexpr double kMaxRatePerSecond = 1e6;
constexpr double kMaxDurationSeconds = 1e6;
constexpr double kMaxFactor = 100;
constexpr double kLoadSeconds = 30;
constexpr double kStepSeconds = 10;

absl::Status Require(bool holds, absl::string_view message) {
  return holds ? absl::OkStatus() : absl::InvalidArgumentError(message);
}

bool InRange(double value, double high) { return value > 0 && value <= high; }

// Which loop, and how long.
absl::Status CheckLoop(const CommandLine& command_line) {
  const bool open = command_line.flags.contains("rate_per_s");
  const bool closed = command_line.flags.contains("concurrency");
  const bool sweep = absl::GetFlag(FLAGS_sweep);
  absl::Status status;
  status.Update(Require(sweep ? !closed : open != closed, "give one of --rate_per_s and --concurrency"));
  status.Update(Require(!open || InRange(absl::GetFlag(FLAGS_rate_per_s), kMaxRatePerSecond),
                        "--rate_per_s must be above 0 and at most 1000000"));
  status.Update(Require(!closed || absl::GetFlag(FLAGS_concurrency) > 0, "--concurrency must be above 0"));
  status.Update(Require(
      !command_line.flags.contains("duration_s") || InRange(absl::GetFlag(FLAGS_duration_s), kMaxDurationSeconds),
      "--duration_s must be above 0 and at most 1000000"));
  status.Update(Require(absl::GetFlag(FLAGS_requests) >= 0, "--requests must not be below 0"));
  status.Update(
      Require(!sweep || absl::GetFlag(FLAGS_requests) == 0, "--sweep goes by --duration_s, not by --requests"));
  const double factor = absl::GetFlag(FLAGS_sweep_factor);
  status.Update(Require(factor >= 1.01 && factor <= kMaxFactor, "--sweep_factor must be in [1.01, 100]"));
  const double limit = absl::GetFlag(FLAGS_latency_limit_ms);
  status.Update(Require(limit >= 0 && limit <= kMaxDurationSeconds * 1e3, "--latency_limit_ms must be in [0, 1e9]"));
  return status;
}

absl::Status CheckFlags(const CommandLine& command_line) {
  const std::string method = absl::GetFlag(FLAGS_method);
  absl::Status status = Require(command_line.positional.empty(), "takes flags only, or compare BEFORE.json AFTER.json");
  status.Update(CheckLoop(command_line));
  status.Update(Require(method == "embed" || method == "forward", "--method must be embed or forward"));
  status.Update(Require(absl::GetFlag(FLAGS_inputs_per_request) > 0, "--inputs_per_request must be above 0"));
  status.Update(Require(absl::GetFlag(FLAGS_timeout_ms) > 0, "--timeout_ms must be above 0"));
  status.Update(Require(absl::GetFlag(FLAGS_max_inflight) > 0, "--max_inflight must be above 0"));
  status.Update(Require(absl::GetFlag(FLAGS_channels) > 0, "--channels must be above 0"));
  status.Update(Require(absl::GetFlag(FLAGS_metrics_interval_ms) > 0, "--metrics_interval_ms must be above 0"));
  return status;
}

LoadPlan PlanFromFlags() {
  const double seconds = absl::GetFlag(FLAGS_duration_s);
  const double usual_seconds = absl::GetFlag(FLAGS_sweep) ? kStepSeconds : kLoadSeconds;
  LoadPlan plan = {.loop = ClosedLoop{absl::GetFlag(FLAGS_concurrency)},
                   .duration = absl::Seconds(seconds > 0 ? seconds : usual_seconds),
                   .max_requests = absl::GetFlag(FLAGS_requests)};
  if (const double rate_per_s = absl::GetFlag(FLAGS_rate_per_s); rate_per_s > 0 || absl::GetFlag(FLAGS_sweep)) {
    plan.loop = OpenLoop{rate_per_s, absl::GetFlag(FLAGS_max_inflight), absl::GetFlag(FLAGS_seed)};
  }
  return plan;
}

SweepOptions SweepFromFlags() {
  SweepOptions sweep = {.first_per_second = absl::GetFlag(FLAGS_rate_per_s),
                        .factor = absl::GetFlag(FLAGS_sweep_factor)};
  if (const double limit = absl::GetFlag(FLAGS_latency_limit_ms); limit > 0) {
    sweep.latency_limit = absl::Milliseconds(limit);
  }
  return sweep;
}

absl::StatusOr<std::vector<HttpUrl>> MetricsUrls() {
  std::vector<HttpUrl> urls;
  for (const absl::string_view text : absl::StrSplit(absl::GetFlag(FLAGS_metrics_url), ',', absl::SkipEmpty())) {
    absl::StatusOr<HttpUrl> url = ParseHttpUrl(text);
    if (!url.ok()) return absl::InvalidArgumentError(absl::StrCat("--metrics_url: ", url.status().message()));
    urls.push_back(*std::move(url));
  }
  return urls;
}

}  // namespace

absl::StatusOr<LoadFlags> LoadFlagsOf(const CommandLine& command_line) {
  if (absl::Status status = CheckFlags(command_line); !status.ok()) return status;
  auto length = ParseLengthDistribution(absl::GetFlag(FLAGS_length));
  if (!length.ok()) return length.status();
  auto connection = ConnectionFromFlags(absl::Milliseconds(absl::GetFlag(FLAGS_timeout_ms)), /*max_attempts=*/1);
  if (!connection.ok()) return connection.status();
  auto metrics_urls = MetricsUrls();
  if (!metrics_urls.ok()) return metrics_urls.status();
  LoadFlags flags = {.servers = absl::GetFlag(FLAGS_server),
                     .connection = *std::move(connection),
                     .channels = absl::GetFlag(FLAGS_channels),
                     .method = absl::GetFlag(FLAGS_method),
                     .workload = {.length = *std::move(length),
                                  .inputs_per_request = absl::GetFlag(FLAGS_inputs_per_request),
                                  .seed = absl::GetFlag(FLAGS_seed)},
                     .length = absl::GetFlag(FLAGS_length),
                     .plan = PlanFromFlags(),
                     .sweep = {},
                     .sweep_starts_by_itself = absl::GetFlag(FLAGS_rate_per_s) == 0,
                     .metrics_urls = *std::move(metrics_urls),
                     .metrics_interval = absl::Milliseconds(absl::GetFlag(FLAGS_metrics_interval_ms)),
                     .reports = {absl::GetFlag(FLAGS_json), absl::GetFlag(FLAGS_csv), absl::GetFlag(FLAGS_html)}};
  if (absl::GetFlag(FLAGS_sweep)) flags.sweep = SweepFromFlags();
  return flags;
}

absl::StatusOr<ReportFiles> ComparisonFlagsOf(const CommandLine& command_line) {
  if (command_line.positional.size() != 3) {
    return absl::InvalidArgumentError("compare takes two files that --json has written: BEFORE.json AFTER.json");
  }
  for (const std::string& flag : command_line.flags) {
    if (flag != "html") return absl::InvalidArgumentError(absl::StrCat("compare takes no --", flag));
  }
  return ReportFiles{.json = {}, .csv = {}, .html = absl::GetFlag(FLAGS_html)};
}

}  // namespace attnd::client
