#include "server/telemetry/metrics_server.h"

#include <prometheus/exposer.h>

#include <cstddef>
#include <exception>

#include "absl/strings/str_cat.h"
#include "server/telemetry/process_collector.h"

namespace attnd {

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Start(const std::string& address,
                                                                    const Metrics& metrics) {
  constexpr size_t kThreads = 2;
  auto server = std::unique_ptr<MetricsServer>(new MetricsServer());
  server->metrics_ = metrics.collectable();
  server->process_ = std::make_shared<ProcessCollector>();
  try {
    server->exposer_ = std::make_unique<prometheus::Exposer>(address, kThreads);
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
