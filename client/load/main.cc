// attnd-load: puts load on an attnd server and measures how it copes.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "client/client.h"
#include "client/command_line.h"
#include "client/connection_flags.h"
#include "client/interrupt.h"
#include "client/load/length_distribution.h"
#include "client/load/load_run.h"
#include "client/load/load_statistics.h"
#include "client/load/progress.h"
#include "client/load/report.h"
#include "client/load/usage.h"
#include "client/load/workload.h"

// Described in usage.h.
ABSL_FLAG(std::string, method, "embed", "");
ABSL_FLAG(std::string, length, "fixed:128", "");
ABSL_FLAG(int64_t, inputs_per_request, 1, "");
ABSL_FLAG(uint64_t, seed, 1, "");
ABSL_FLAG(int64_t, concurrency, 0, "");
ABSL_FLAG(double, rate_per_s, 0, "");
ABSL_FLAG(double, duration_s, 30, "");
ABSL_FLAG(int64_t, requests, 0, "");
ABSL_FLAG(int64_t, timeout_ms, 10000, "");
ABSL_FLAG(int64_t, max_inflight, 4096, "");
ABSL_FLAG(int64_t, channels, 1, "");
ABSL_FLAG(std::string, json, "", "");

namespace attnd::client {
namespace {

enum ExitCode { kSuccess = 0, kNothingSucceeded = 1, kWrongUsage = 2 };

constexpr double kMaxRatePerSecond = 1e6;
constexpr double kMaxDurationSeconds = 1e6;

using Clients = std::vector<std::unique_ptr<Client>>;

// Errors: INVALID_ARGUMENT for a flag out of its range.
absl::Status CheckFlags(const CommandLine& command_line) {
  const auto require = [](bool holds, absl::string_view message) {
    return holds ? absl::OkStatus() : absl::InvalidArgumentError(message);
  };
  const auto in_range = [](double value, double high) { return value > 0 && value <= high; };
  const bool open = command_line.flags.contains("rate_per_s");
  const bool closed = command_line.flags.contains("concurrency");
  const std::string method = absl::GetFlag(FLAGS_method);
  absl::Status status;
  status.Update(require(command_line.positional.empty(), "takes flags only"));
  status.Update(require(open != closed, "give one of --rate_per_s and --concurrency"));
  status.Update(require(!open || in_range(absl::GetFlag(FLAGS_rate_per_s), kMaxRatePerSecond),
                        "--rate_per_s must be above 0 and at most 1000000"));
  status.Update(require(!closed || absl::GetFlag(FLAGS_concurrency) > 0, "--concurrency must be above 0"));
  status.Update(require(method == "embed" || method == "forward", "--method must be embed or forward"));
  status.Update(require(absl::GetFlag(FLAGS_inputs_per_request) > 0, "--inputs_per_request must be above 0"));
  status.Update(require(in_range(absl::GetFlag(FLAGS_duration_s), kMaxDurationSeconds),
                        "--duration_s must be above 0 and at most 1000000"));
  status.Update(require(absl::GetFlag(FLAGS_requests) >= 0, "--requests must not be below 0"));
  status.Update(require(absl::GetFlag(FLAGS_timeout_ms) > 0, "--timeout_ms must be above 0"));
  status.Update(require(absl::GetFlag(FLAGS_max_inflight) > 0, "--max_inflight must be above 0"));
  status.Update(require(absl::GetFlag(FLAGS_channels) > 0, "--channels must be above 0"));
  return status;
}

LoadPlan PlanFromFlags() {
  LoadPlan plan = {.loop = ClosedLoop{absl::GetFlag(FLAGS_concurrency)},
                   .duration = absl::Seconds(absl::GetFlag(FLAGS_duration_s)),
                   .max_requests = absl::GetFlag(FLAGS_requests)};
  if (const double rate_per_s = absl::GetFlag(FLAGS_rate_per_s); rate_per_s > 0) {
    plan.loop = OpenLoop{rate_per_s, absl::GetFlag(FLAGS_max_inflight), absl::GetFlag(FLAGS_seed)};
  }
  return plan;
}

LoadDescription Describe(const std::string& server, const LoadPlan& plan, const v1::GetModelResponse& model) {
  const auto* const open = std::get_if<OpenLoop>(&plan.loop);
  return {.server = server,
          .model = model.name(),
          .method = absl::GetFlag(FLAGS_method),
          .loop = open != nullptr ? absl::StrCat("open loop of ", open->rate_per_s, " calls/s")
                                  : absl::StrCat("closed loop of ", std::get<ClosedLoop>(plan.loop).concurrency),
          .length = absl::GetFlag(FLAGS_length),
          .inputs_per_request = absl::GetFlag(FLAGS_inputs_per_request),
          .seed = absl::GetFlag(FLAGS_seed)};
}

Clients Connect(const ClientOptions& options) {
  Clients clients;
  for (int64_t i = 0; i < absl::GetFlag(FLAGS_channels); ++i) clients.push_back(Client::Create(options));
  return clients;
}

// Hands the outcome of a call to whoever counts it.
template <typename Response>
Client::Callback<Response> Reporting(int64_t token_count, absl::AnyInvocable<void(const Outcome&)> done) {
  return [token_count, done = std::move(done)](absl::StatusOr<Response> response) mutable {
    Outcome outcome = {.status = response.status(), .token_count = token_count, .timing = {}};
    if (response.ok()) outcome.timing = response->timing();
    done(outcome);
  };
}

// Sends the workload's requests over the clients in turn.
SendCall Sender(const Clients& clients, const Workload& workload) {
  const bool forward = absl::GetFlag(FLAGS_method) == "forward";
  return [&clients, workload = workload, forward,
          next = size_t{0}](absl::AnyInvocable<void(const Outcome&)> done) mutable {
    Client& client = *clients[next++ % clients.size()];
    if (forward) {
      v1::ForwardRequest request = workload.NextForward();
      const int64_t token_count = TokenCount(request);
      client.ForwardAsync(std::move(request), Reporting<v1::ForwardResponse>(token_count, std::move(done)));
    } else {
      v1::EmbedRequest request = workload.NextEmbed();
      const int64_t token_count = TokenCount(request);
      client.EmbedAsync(std::move(request), Reporting<v1::EmbedResponse>(token_count, std::move(done)));
    }
  };
}

// Errors: UNKNOWN when a file cannot be written.
absl::Status WriteReport(const LoadDescription& description, const LoadResult& result) {
  const std::string path = absl::GetFlag(FLAGS_json);
  std::cout << (path == "-" ? ReportJson(description, result) : ReportTable(description, result)) << std::flush;
  if (path.empty() || path == "-") return absl::OkStatus();
  std::ofstream file(path);
  file << ReportJson(description, result) << std::flush;
  return file.good() ? absl::OkStatus() : absl::UnknownError(absl::StrCat("cannot write ", path));
}

ExitCode Fail(ExitCode code, const absl::Status& status) {
  if (code == kWrongUsage) {
    std::cerr << "attnd-load: " << status.message() << "\nattnd-load --help shows what there is.\n";
  } else {
    std::cerr << "attnd-load: " << status << "\n";
  }
  return code;
}

ExitCode RunFromFlags(const ClientOptions& options, const LengthDistribution& length) {
  const Clients clients = Connect(options);
  const absl::StatusOr<v1::GetModelResponse> model = clients.front()->GetModel();
  if (!model.ok()) return Fail(kNothingSucceeded, model.status());
  const absl::StatusOr<Workload> workload =
      Workload::Create({.length = length,
                        .inputs_per_request = absl::GetFlag(FLAGS_inputs_per_request),
                        .seed = absl::GetFlag(FLAGS_seed)},
                       *model);
  if (!workload.ok()) return Fail(kNothingSucceeded, workload.status());

  const LoadPlan plan = PlanFromFlags();
  LoadStatistics statistics;
  absl::Duration elapsed;
  {
    const Progress progress(plan.duration, plan.max_requests, statistics);
    elapsed = RunLoad(plan, Sender(clients, *workload), StopOnSignal(), statistics);
  }
  const LoadResult result = statistics.result(elapsed);
  const absl::Status written = WriteReport(Describe(options.target, plan, *model), result);
  if (!written.ok()) return Fail(kNothingSucceeded, written);
  return result.counts.ok > 0 ? kSuccess : kNothingSucceeded;
}

ExitCode Main(absl::Span<char* const> arguments) {
  const absl::StatusOr<CommandLine> command_line = ParseCommandLine(arguments);
  if (!command_line.ok()) return Fail(kWrongUsage, command_line.status());
  if (command_line->help || arguments.size() == 1) {
    std::cout << AttndLoadUsage();
    return kSuccess;
  }
  const absl::Status flags = CheckFlags(*command_line);
  if (!flags.ok()) return Fail(kWrongUsage, flags);
  const absl::StatusOr<LengthDistribution> length = ParseLengthDistribution(absl::GetFlag(FLAGS_length));
  if (!length.ok()) return Fail(kWrongUsage, length.status());
  const auto options =
      ConnectionFromFlags(absl::Milliseconds(absl::GetFlag(FLAGS_timeout_ms)), /*max_attempts=*/1);
  if (!options.ok()) return Fail(kWrongUsage, options.status());
  return RunFromFlags(*options, *length);
}

}  // namespace
}  // namespace attnd::client

int main(int argc, char** argv) {
  // Debian compiles Abseil with its search for deadlocks, which looks at every lock of gRPC's.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  return attnd::client::Main(absl::MakeConstSpan(argv, static_cast<size_t>(argc)));
}
