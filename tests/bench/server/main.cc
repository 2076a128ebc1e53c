// What a server costs beside its engine, measured over TCP on this machine. docs/performance.md says how it is counted.

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/log/globals.h"
#include "absl/log/initialize.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "client/client.h"
#include "client/load/workload.h"
#include "tests/bench/flags.h"
#include "tests/bench/measurement.h"
#include "tests/bench/server/cases.h"
#include "tests/bench/server/forked_server.h"
#include "tests/bench/server/report.h"

ABSL_FLAG(std::string, json, "", "File to write the results to, as a list of objects.");
ABSL_FLAG(std::string, dtype, "f32", "Type of the weights: f32, bf16 or int8.");
ABSL_FLAG(int, rounds, 5, "Times the full load is measured; medians are shown.");
ABSL_FLAG(int, threads, 0, "Threads of the engine; 0: one for each CPU.");

namespace attnd {
namespace {

constexpr BatchShape kBatch = {.sequences = 8, .tokens = 128};
constexpr int64_t kBatches = 10;  // of a round
constexpr int64_t kQueueRequests = 3 * kBatch.sequences;
constexpr double kOverload = 3;
constexpr absl::Duration kOverloadDuration = absl::Seconds(20);

using Figures = std::vector<Figure>;

void Say(const std::string& what) { std::fprintf(stderr, "%s\n", what.c_str()); }

struct Bench {
  ForkedServer& server;
  client::Client& client;
  const v1::GetModelResponse& model;
  double idle_cpus;  // as MeasureIdleCpus gives them
};

// Calls of one input of so many tokens.
absl::StatusOr<client::Workload> Calls(int64_t tokens, const v1::GetModelResponse& model) {
  return client::Workload::Create({.length = client::FixedLength{tokens}}, model);
}

double Microseconds(absl::Duration duration) { return absl::ToDoubleMicroseconds(duration); }

absl::Status AddIdle(const Bench& bench, int64_t tokens, int64_t call_count, Figures& figures) {
  const std::string what = absl::StrCat("idle round trip of ", tokens, " tokens, beyond the engine, ");
  Say(absl::StrCat(what, call_count, " calls"));
  auto workload = Calls(tokens, bench.model);
  if (!workload.ok()) return workload.status();
  const auto idle = MeasureIdleOverhead(bench.server, bench.client, *workload, call_count);
  if (!idle.ok()) return idle.status();
  figures.push_back(
      {.name = absl::StrCat(what, "p50"), .value = Microseconds(idle->embed.p50), .unit = "us", .at_most = 300});
  figures.push_back(
      {.name = absl::StrCat(what, "p99"), .value = Microseconds(idle->embed.p99), .unit = "us", .at_most = 300});
  const std::string bare = "a GetModel call after each, ";
  figures.push_back({.name = absl::StrCat(bare, "p50"), .value = Microseconds(idle->get_model.p50), .unit = "us"});
  figures.push_back({.name = absl::StrCat(bare, "p99"), .value = Microseconds(idle->get_model.p99), .unit = "us"});
  figures.push_back(
      {.name = absl::StrCat(bare, "CPU of the server"), .value = Microseconds(idle->get_model_cpu), .unit = "us"});
  return absl::OkStatus();
}

absl::StatusOr<std::vector<FullLoad>> MeasureRounds(const Bench& bench, client::Workload& workload, int count) {
  std::vector<FullLoad> rounds;
  for (int i = 0; i < count; ++i) {
    Say(absl::StrCat("full load, round ", i + 1, " of ", count));
    auto round = MeasureFullLoad(bench.server, bench.client, workload, kBatch, kBatches, bench.idle_cpus);
    if (!round.ok()) return round.status();
    rounds.push_back(*round);
  }
  return rounds;
}

template <typename Value>
double MedianOf(const std::vector<FullLoad>& rounds, Value value) {
  std::vector<double> values;
  for (const FullLoad& round : rounds) values.push_back(value(round));
  return Median(values);
}

void AddFullLoad(const std::vector<FullLoad>& rounds, Figures& figures) {
  const double cpus = static_cast<double>(std::thread::hardware_concurrency());
  const auto share = [](const FullLoad& round) { return round.tokens_per_second / round.bare_tokens_per_second; };
  const auto share_of_the_rest = [&](const FullLoad& round) { return share(round) / (1 - round.client_cpus / cpus); };
  figures.push_back({.name = "CPU outside the engine, an Embed call of 128 tokens",
                     .value = MedianOf(rounds, [](const FullLoad& r) { return Microseconds(r.cpu_outside_engine); }),
                     .unit = "us",
                     .at_most = 150});
  figures.push_back({.name = "throughput of batches of 8 x 128, the engine alone",
                     .value = MedianOf(rounds, [](const FullLoad& r) { return r.bare_tokens_per_second; }),
                     .unit = "tokens/s"});
  figures.push_back({.name = "of the server",
                     .value = MedianOf(rounds, [](const FullLoad& r) { return r.tokens_per_second; }),
                     .unit = "tokens/s"});
  figures.push_back({.name = "its share of the engine's", .value = MedianOf(rounds, share), .unit = ""});
  figures.push_back({.name = "the same, the client's CPU time taken off the machine",
                     .value = MedianOf(rounds, share_of_the_rest),
                     .unit = "",
                     .at_least = 0.95});
  figures.push_back({.name = "calls that were in batches of 8 x 128",
                     .value = MedianOf(rounds, [](const FullLoad& r) { return r.in_full_batches; }),
                     .unit = ""});
}

// Between two rounds of a full load, for machines are noisy.
absl::Status AddOverload(const Bench& bench, client::Workload& workload, Figures& figures) {
  const auto before = MeasureRounds(bench, workload, 1);
  if (!before.ok()) return before.status();
  const double calls_per_second = kOverload * before->front().tokens_per_second / static_cast<double>(kBatch.tokens);
  Say(absl::StrCat("overload, ", calls_per_second, " calls/s for ", absl::FormatDuration(kOverloadDuration)));
  const auto overload = MeasureOverload(bench.client, workload, calls_per_second, kOverloadDuration);
  if (!overload.ok()) return overload.status();
  const auto after = MeasureRounds(bench, workload, 1);
  if (!after.ok()) return after.status();
  const double capacity = (before->front().tokens_per_second + after->front().tokens_per_second) / 2;
  // What may be ahead of a call's end: a batch just begun and a full queue, the call itself in it.
  const auto tokens_ahead = static_cast<double>((kBatch.sequences + kQueueRequests) * kBatch.tokens);
  figures.push_back({.name = "goodput at 3 times the capacity, share of the capacity",
                     .value = overload->tokens_per_second / capacity,
                     .unit = "",
                     .at_least = 0.95});
  figures.push_back({.name = "calls refused meanwhile", .value = overload->refused, .unit = ""});
  figures.push_back({.name = "latency of those answered, p99",
                     .value = absl::ToDoubleMilliseconds(overload->p99),
                     .unit = "ms",
                     .at_most = 1000 * tokens_ahead / capacity});
  return absl::OkStatus();
}

void AddMetrics(Figures& figures) {
  Say("metrics");
  const double cost = Microseconds(MeasureMetricsOfACall());
  const double outside_engine = figures.front().value;
  figures.push_back({.name = "what a call tells the metrics", .value = cost, .unit = "us"});
  figures.push_back({.name = "its share of the CPU time outside the engine", .value = cost / outside_engine});
}

absl::Status Run() {
  const auto type = ParseDataType(absl::GetFlag(FLAGS_dtype));
  if (!type.ok()) return type.status();
  const int threads = absl::GetFlag(FLAGS_threads);
  Say("loading the model");
  const auto server = ForkedServer::Start(
      {.data_type = *type,
       .thread_count = threads > 0 ? threads : static_cast<int>(std::thread::hardware_concurrency()),
       .limits = {.max_requests = kQueueRequests, .max_batch_tokens = kBatch.all_tokens()}});
  if (!server.ok()) return server.status();
  const auto client = client::Client::Create({.target = (*server)->target(), .retry = {.max_attempts = 1}});
  const auto model = client->GetModel();
  if (!model.ok()) return model.status();
  auto workload = Calls(kBatch.tokens, *model);
  if (!workload.ok()) return workload.status();
  Say("idle");
  const Bench bench = {.server = **server, .client = *client, .model = *model, .idle_cpus = MeasureIdleCpus(**server)};

  Figures figures;
  const auto rounds = MeasureRounds(bench, *workload, absl::GetFlag(FLAGS_rounds));
  if (!rounds.ok()) return rounds.status();
  AddFullLoad(*rounds, figures);
  figures.push_back({.name = "CPU time of the idle server, a second", .value = bench.idle_cpus * 1e6, .unit = "us"});
  if (absl::Status status = AddIdle(bench, 128, 100, figures); !status.ok()) return status;
  if (absl::Status status = AddIdle(bench, 1, 1000, figures); !status.ok()) return status;
  if (absl::Status status = AddOverload(bench, *workload, figures); !status.ok()) return status;
  AddMetrics(figures);
  std::printf("%s", FiguresTable(figures).c_str());
  const std::string path = absl::GetFlag(FLAGS_json);
  return path.empty() ? absl::OkStatus() : WriteFigures(figures, path);
}

}  // namespace
}  // namespace attnd

int main(int argc, char** argv) {
  // As attnd does.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  absl::Status status = attnd::ParseBenchmarkFlags(
      argc, argv, "Measures what a server costs beside its engine. Compare only within one run.",
      "tests/bench/server/main.cc");
  absl::SetStderrThreshold(absl::LogSeverityAtLeast::kError);
  absl::InitializeLog();
  if (status.ok()) status = attnd::Run();
  if (status.ok()) return 0;
  std::fprintf(stderr, "server_benchmark: %s\n", status.ToString().c_str());
  return 1;
}
