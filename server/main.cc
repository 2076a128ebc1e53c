// attnd: flags, metrics, server, model, wait for a signal, drain.

#include <cstdio>
#include <string>

#include "absl/log/globals.h"
#include "absl/log/initialize.h"
#include "absl/log/log.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "server/flags.h"
#include "server/lifecycle/model_loader.h"
#include "server/lifecycle/termination.h"
#include "server/server.h"
#include "server/telemetry/metrics.h"
#include "server/telemetry/metrics_server.h"
#include "server/version.h"

namespace attnd {
namespace {

ModelOptions ModelOptionsOf(const ServerFlags& flags) {
  return {.folder = flags.model,
          .name = flags.model_name,
          .seed = flags.seed,
          .data_type = flags.data_type,
          .thread_count = flags.thread_count,
          .max_batch_tokens = flags.scheduler_limits.max_batch_tokens};
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
  auto server = Server::Start(
      {.address = flags.address, .call_limits = flags.call_limits, .scheduler_limits = flags.scheduler_limits}, clock,
      metrics);
  if (!server.ok()) return server.status();
  const std::string addresses = absl::StrFormat("grpc %s:%d, metrics %s:%d", HostOf(flags.address), (*server)->port(),
                                                HostOf(flags.metrics_address), (*metrics_server)->port());
  LOG(INFO) << "listening: " << addresses;
  const auto model = LoadModel(ModelOptionsOf(flags), /*load_count=*/1);
  if (!model.ok()) return model.status();
  signals.KeepForWait();
  (*server)->Serve(*model);
  std::printf("attnd ready: %s\n", addresses.c_str());
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
