// attnd: flags, metrics, server, model, obey signals, drain.

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "absl/log/log.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "server/admin_server.h"
#include "server/flags.h"
#include "server/lifecycle/health_state.h"
#include "server/lifecycle/model_loader.h"
#include "server/lifecycle/model_store.h"
#include "server/lifecycle/reloader.h"
#include "server/lifecycle/signals.h"
#include "server/logging/logging.h"
#include "server/periodic_task.h"
#include "server/security/authenticator.h"
#include "server/security/exposure.h"
#include "server/security/tls_credentials.h"
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

// Null where there is to be none.
absl::StatusOr<std::unique_ptr<AdminServer>> StartAdminServer(const ServerFlags& flags, Reloader& reloader,
                                                              const CallEnvironment& environment) {
  if (flags.admin_address.empty()) return nullptr;
  auto server =
      AdminServer::Start({.address = flags.admin_address, .model_root = flags.model_root}, reloader, environment);
  if (server.ok()) {
    LOG(INFO) << "AdminService for "
              << (environment.authenticator == nullptr ? "whoever reaches " : "holders of keys at ")
              << (*server)->address();
  }
  return server;
}

void WarnOfExposure(const ServerFlags& flags) {
  const bool encrypted = !flags.security.tls.certificate.empty();
  const std::string warning = ExposureWarning(flags.address, !flags.security.api_keys.empty());
  if (!encrypted && !warning.empty()) LOG(WARNING) << warning;
  if (!IsLoopback(flags.metrics_address)) {
    LOG(WARNING) << "metrics are served on " << flags.metrics_address
                 << " to whoever reaches it, in plain HTTP; keep that port inside your network";
  }
}

// Reads changed certificates for as long as it lives; null where there is no TLS.
absl::StatusOr<std::shared_ptr<TlsCredentials>> StartTls(const ServerFlags& flags, Metrics& metrics) {
  if (flags.security.tls.certificate.empty()) return nullptr;
  auto credentials = TlsCredentials::Create(flags.security.tls);
  if (credentials.ok()) metrics.SetCertificateExpiry((*credentials)->expiry());
  return credentials;
}

void RereadCertificates(TlsCredentials& credentials, Metrics& metrics) {
  const absl::Time expiry = credentials.expiry();
  if (absl::Status status = credentials.Reload(); !status.ok()) {
    LOG(WARNING) << "the certificate in use stays, because " << status.message();
  } else if (credentials.expiry() != expiry) {
    LOG(INFO) << "new certificate, expires " << credentials.expiry();
    metrics.SetCertificateExpiry(credentials.expiry());
  }
}

// Null where anybody may call.
absl::StatusOr<std::unique_ptr<Authenticator>> ReadApiKeys(const ServerFlags& flags, const Clock& clock) {
  if (flags.security.api_keys.empty()) return nullptr;
  auto authenticator = Authenticator::Create(flags.security.api_keys, clock);
  if (authenticator.ok()) LOG(INFO) << "API keys: " << (*authenticator)->key_count();
  return authenticator;
}

void RereadApiKeys(Authenticator& authenticator) {
  const absl::StatusOr<bool> changed = authenticator.Reload();
  if (!changed.ok()) {
    LOG(WARNING) << "the API keys in use stay, because " << changed.status().message();
  } else if (*changed) {
    LOG(INFO) << "new API keys: " << authenticator.key_count();
  }
}

absl::Status Run(const ServerFlags& flags, Signals& signals) {
  WarnOfExposure(flags);
  const SystemClock clock;
  Metrics metrics(MetricsOptions{.max_batch_requests = flags.scheduler_limits.max_batch_requests,
                                 .max_batch_tokens = flags.scheduler_limits.max_batch_tokens,
                                 .worker_count = flags.scheduler_limits.worker_count,
                                 .server_version = kVersion});
  auto metrics_server = MetricsServer::Start(flags.metrics_address, metrics);
  if (!metrics_server.ok()) return metrics_server.status();
  const auto tls = StartTls(flags, metrics);
  if (!tls.ok()) return tls.status();
  const auto authenticator = ReadApiKeys(flags, clock);
  if (!authenticator.ok()) return authenticator.status();
  std::optional<PeriodicTask> reread;
  if (*tls || *authenticator) {
    reread.emplace("attnd-reread", flags.security.reread_interval, [&] {
      if (*tls) RereadCertificates(**tls, metrics);
      if (*authenticator) RereadApiKeys(**authenticator);
    });
  }
  const CallEnvironment environment = {.clock = clock, .metrics = metrics, .authenticator = authenticator->get()};
  ModelStore models;
  HealthState health(metrics);
  auto server = Server::Start({.address = flags.address,
                               .call_limits = flags.call_limits,
                               .scheduler_limits = flags.scheduler_limits,
                               .credentials = *tls ? *tls : grpc::InsecureServerCredentials(),
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
  const auto admin_server = StartAdminServer(flags, reloader, environment);
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
  LOG(INFO) << "drained: accepted=" << totals.completed + totals.dropped << " completed=" << totals.completed;
  // Nobody waits for a model that is still being loaded.
  if (reloader.busy()) std::_Exit(0);
  return absl::OkStatus();
}

}  // namespace
}  // namespace attnd

int main(int argc, char** argv) {
  attnd::Signals signals;
  const absl::StatusOr<attnd::ServerFlags> flags = attnd::ParseFlags(argc, argv);
  if (flags.ok()) attnd::InitializeLogging(flags->log_format);
  const absl::Status status = flags.ok() ? attnd::Run(*flags, signals) : flags.status();
  if (status.ok()) return 0;
  std::fprintf(stderr, "attnd: %s\n", status.ToString().c_str());
  return 1;
}
