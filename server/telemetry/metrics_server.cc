#include "server/telemetry/metrics_server.h"

#include <prometheus/exposer.h>

#include <exception>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/telemetry/process_collector.h"

namespace attnd {
namespace {

// In civetweb's terms: a thread serves one connection at a time, so idle ones must not hold them all for long.
std::vector<std::string> ExposerOptions(const std::string& address) {
  return {"listening_ports", address, "num_threads", "8", "request_timeout_ms", "3000"};
}

}  // namespace

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Start(const std::string& address,
                                                                    const Metrics& metrics) {
  auto server = std::unique_ptr<MetricsServer>(new MetricsServer());
  server->metrics_ = metrics.collectable();
  server->process_ = std::make_shared<ProcessCollector>();
  try {
    server->exposer_ = std::make_unique<prometheus::Exposer>(ExposerOptions(address));
  } catch (const std::exception& exception) {
    return absl::UnavailableError(absl::StrCat("cannot serve metrics on --metrics_address=", address,
                                               ": it is in use or not an address of this machine (", exception.what(),
                                               ")"));
  }
  server->exposer_->RegisterCollectable(server->metrics_);
  server->exposer_->RegisterCollectable(server->process_);
  server->port_ = server->exposer_->GetListeningPorts().front();
  return server;
}

MetricsServer::~MetricsServer() = default;

}  // namespace attnd
