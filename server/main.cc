// attnd: flags, metrics, server, model, obey signals, drain.

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "absl/log/log.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "server/access_control.h"
#include "server/admin_server.h"
#include "server/flags.h"
#include "server/lifecycle/health_state.h"
#include "server/lifecycle/model_loader.h"
#include "server/lifecycle/model_store.h"
#include "server/lifecycle/reloader.h"
#include "server/lifecycle/signals.h"
#include "server/logging/logging.h"
#include "server/security/exposure.h"
#include "server/server.h"
#include "server/telemetry/metrics.h"
#include "server/telemetry/metrics_server.h"
#include "server/version.h"

namespace attnd {
namespace {

// Loads the model of a folder, of the command line's if `folder` is empty, with everything else as the flags say.
Reloader::Load ModelLoader(const ServerFlags& flags) {
  const ModelOptions options = {.folder = flags.model,
                                .name = flags.model_name,
                                .seed = flags.seed,
                                .layer_count = flags.layer_count,
                                .new_layers = flags.new_layers,
                                .data_type = flags.data_type,
                                .workers = flags.workers,
                                .max_batch_tokens = flags.scheduler_limits.max_batch_tokens};
  return [options](const std::string& folder, int64_t load_count) {
    ModelOptions asked = options;
    if (!folder.empty()) asked.folder = folder;
    return LoadModel(asked, load_count);
  };
}

// "host" of "host:port", brackets of an IPv6 address kept.
std::string HostOf(absl::string_view address) { return std::string(address.substr(0, address.rfind(':'))); }

bool HasAdminPort(const ServerFlags& flags) {
  return !flags.admin_address.empty() && !absl::StartsWith(flags.admin_address, "unix:");
}

// Null where there is to be none.
absl::StatusOr<std::unique_ptr<AdminServer>> StartAdminServer(const ServerFlags& flags, const AccessControl& access,
                                                              Reloader& reloader, const CallEnvironment& environment) {
  if (flags.admin_address.empty()) return nullptr;
  auto server = AdminServer::Start({.address = flags.admin_address,
                                    .model_root = flags.model_root,
                                    .credentials = access.admin_credentials(),
                                    .connection_limits = flags.security.connection_limits,
                                    .reflection = flags.security.reflection},
                                   reloader, environment);
  if (server.ok()) {
    LOG(INFO) << "AdminService for "
              << (environment.authenticator == nullptr ? "whoever reaches " : "holders of keys at ")
              << (*server)->address();
  }
  return server;
}

void WarnOfExposure(const ServerFlags& flags) {
  const bool encrypted = !flags.security.tls.certificate.empty();
  const bool has_keys = !flags.security.api_keys.empty();
  if (!encrypted && !IsLoopback(flags.address)) LOG(WARNING) << ExposureWarning("address", flags.address, has_keys);
  if (!encrypted && !flags.admin_address.empty() && !IsLoopback(flags.admin_address)) {
    LOG(WARNING) << ExposureWarning("admin_address", flags.admin_address, has_keys);
  }
  if (!IsLoopback(flags.metrics_address)) {
    LOG(WARNING) << "metrics are served on " << flags.metrics_address
                 << " to whoever reaches it, in plain HTTP; keep that port inside your network";
  }
}

absl::Status Run(const ServerFlags& flags, Signals& signals) {
  WarnOfExposure(flags);
  const SystemClock clock;
  Metrics metrics(MetricsOptions{.max_batch_requests = flags.scheduler_limits.max_batch_requests,
                                 .max_batch_tokens = flags.scheduler_limits.max_batch_tokens,
                                 .worker_count = static_cast<int>(flags.workers.size()),
                                 .server_version = kVersion});
  auto metrics_server = MetricsServer::Start(flags.metrics_address, metrics);
  if (!metrics_server.ok()) return metrics_server.status();
  const auto access = AccessControl::Create(flags.security, HasAdminPort(flags), clock, metrics);
  if (!access.ok()) return access.status();
  const CallEnvironment environment = {.clock = clock, .metrics = metrics, .authenticator = (*access)->authenticator()};
  ModelStore models;
  HealthState health(metrics);
  auto server = Server::Start({.address = flags.address,
                               .call_limits = flags.call_limits,
                               .scheduler_limits = flags.scheduler_limits,
                               .credentials = (*access)->credentials(),
                               .connection_limits = flags.security.connection_limits,
                               .workers = flags.workers,
                               .reflection = flags.security.reflection,
                               .has_admin_service = !flags.admin_address.empty(),
                               .engine_heartbeat_timeout = flags.engine_heartbeat_timeout},
                              models, health, environment);
  if (!server.ok()) return server.status();
  const std::string addresses = absl::StrFormat("grpc %s:%d, metrics %s:%d", HostOf(flags.address), (*server)->port(),
                                                HostOf(flags.metrics_address), (*metrics_server)->port());
  LOG(INFO) << "listening: " << addresses;
  Reloader reloader(ModelLoader(flags), models, metrics);
  const auto admin_server = StartAdminServer(flags, **access, reloader, environment);
  if (!admin_server.ok()) return admin_server.status();
  if (absl::Status status = reloader.LoadFirst(); !status.ok()) return status;
  signals.KeepForWait();
  (*server)->Serve();
  std::printf("attnd ready: %s\n", addresses.c_str());
  std::fflush(stdout);

  int signal = signals.Wait();
  for (; signal == SIGHUP; signal = signals.Wait()) reloader.StartSoon();
  LOG(INFO) << strsignal(signal) << ": draining";
  const SchedulerTotals totals = (*server)->Drain(flags.drain_delay, flags.drain_timeout);
  LOG(INFO) << "drained: accepted=" << totals.completed + totals.dropped + totals.unfinished
            << " completed=" << totals.completed << " unfinished=" << totals.unfinished;
  if (totals.unfinished > 0) std::_Exit(1);
  // Nobody waits for a model that is still being loaded.
  if (reloader.busy()) std::_Exit(0);
  return absl::OkStatus();
}

}  // namespace
}  // namespace attnd

int main(int argc, char** argv) {
  // Debian compiles Abseil with its search for deadlocks, whose graph of all mutexes, gRPC's of every call among them,
  // grows as long as the server runs.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  attnd::Signals signals;
  const absl::StatusOr<attnd::ServerFlags> flags = attnd::ParseFlags(argc, argv);
  if (flags.ok()) attnd::InitializeLogging(flags->log_format);
  const absl::Status status = flags.ok() ? attnd::Run(*flags, signals) : flags.status();
  if (status.ok()) return 0;
  std::fprintf(stderr, "attnd: %s\n", status.ToString().c_str());
  return 1;
}
