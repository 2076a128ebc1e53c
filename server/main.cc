// attnd: flags, model, metrics, server, wait for a signal, drain.

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "absl/log/globals.h"
#include "absl/log/initialize.h"
#include "absl/log/log.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "engine/checkpoint/gpt2_checkpoint.h"
#include "engine/checkpoint/seeded_weights.h"
#include "engine/model/transformer.h"
#include "server/flags.h"
#include "server/server.h"
#include "server/telemetry/metrics.h"
#include "server/telemetry/metrics_server.h"
#include "server/termination.h"
#include "server/version.h"

namespace attnd {
namespace {

absl::StatusOr<std::unique_ptr<WeightSource>> OpenWeights(const ServerFlags& flags) {
  if (!flags.model.empty()) return Gpt2Checkpoint::Open(flags.model);
  return SeededWeights::Create(ModelConfig(), flags.seed);
}

std::string ModelName(const ServerFlags& flags) {
  if (!flags.model_name.empty()) return flags.model_name;
  if (flags.model.empty()) return "seeded";
  const std::filesystem::path folder = std::filesystem::absolute(flags.model).lexically_normal();
  return folder.has_filename() ? folder.filename() : folder.parent_path().filename();
}

absl::StatusOr<std::unique_ptr<Engine>> LoadModel(const ServerFlags& flags, Metrics& metrics) {
  LOG(INFO) << "loading " << (flags.model.empty() ? absl::StrCat("seeded weights, seed ", flags.seed) : flags.model);
  const absl::Time started_at = absl::Now();
  auto weights = OpenWeights(flags);
  if (!weights.ok()) return weights.status();
  auto engine = Transformer::Create(**weights, {.data_type = flags.data_type,
                                                .thread_count = flags.thread_count,
                                                .max_batch_tokens = flags.scheduler_limits.max_batch_tokens});
  if (!engine.ok()) return engine.status();
  const absl::Duration elapsed = absl::Now() - started_at;
  const EngineInfo& info = (*engine)->info();
  metrics.SetModelLoad(elapsed);
  metrics.SetModel(ModelName(flags), info);
  LOG(INFO) << "loaded " << info.parameter_count << " parameters in " << elapsed << ", sha256 " << info.weights_sha256;
  LOG(INFO) << "computing in " << DataTypeName(info.data_type) << " on " << info.thread_count
            << " threads, linear layers " << info.linear_implementation << ", output head "
            << info.output_head_implementation;
  return *std::move(engine);
}

// "host" of "host:port", brackets of an IPv6 address kept.
std::string HostOf(absl::string_view address) { return std::string(address.substr(0, address.rfind(':'))); }

absl::Status Run(const ServerFlags& flags, TerminationSignals& signals) {
  const SystemClock clock;
  Metrics metrics(MetricsOptions{.max_batch_requests = flags.scheduler_limits.max_requests,
                                 .max_batch_tokens = flags.scheduler_limits.max_batch_tokens,
                                 .server_version = kVersion});
  auto metrics_server = MetricsServer::Start(flags.metrics_address, metrics);
  if (!metrics_server.ok()) return metrics_server.status();
  auto engine = LoadModel(flags, metrics);
  if (!engine.ok()) return engine.status();
  signals.KeepForWait();
  auto server = Server::Start({.address = flags.address,
                               .model_name = ModelName(flags),
                               .call_limits = flags.call_limits,
                               .scheduler_limits = flags.scheduler_limits},
                              *std::move(engine), clock, metrics);
  if (!server.ok()) return server.status();
  std::printf("attnd ready: grpc %s:%d, metrics %s:%d\n", HostOf(flags.address).c_str(), (*server)->port(),
              HostOf(flags.metrics_address).c_str(), (*metrics_server)->port());
  std::fflush(stdout);

  const char* signal = signals.Wait();
  LOG(INFO) << signal << ": draining";
  const SchedulerTotals totals = (*server)->Drain(flags.drain_delay, flags.drain_timeout);
  LOG(INFO) << "drained: accepted=" << totals.completed + totals.dropped << " completed=" << totals.completed;
  return absl::OkStatus();
}

}  // namespace
}  // namespace attnd

int main(int argc, char** argv) {
  attnd::TerminationSignals signals;
  absl::SetStderrThreshold(absl::LogSeverityAtLeast::kInfo);
  absl::InitializeLog();
  const absl::StatusOr<attnd::ServerFlags> flags = attnd::ParseFlags(argc, argv);
  const absl::Status status = flags.ok() ? attnd::Run(*flags, signals) : flags.status();
  if (status.ok()) return 0;
  std::fprintf(stderr, "attnd: %s\n", status.ToString().c_str());
  return 1;
}
