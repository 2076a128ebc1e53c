#include "server/telemetry/metrics_server.h"

#include <netdb.h>
#include <prometheus/exposer.h>
#include <sys/socket.h>
#include <unistd.h>

#include <exception>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "server/telemetry/cgroup_collector.h"
#include "server/telemetry/process_collector.h"

namespace attnd {
namespace {

// In civetweb's terms: a thread serves one connection at a time, so idle ones must not hold them all for long.
std::vector<std::string> ExposerOptions(const std::string& address) {
  return {"listening_ports", address, "num_threads", "8", "request_timeout_ms", "3000"};
}

constexpr absl::Duration kKnockInterval = absl::Milliseconds(5);

// Connects to `host` and hangs up. Does nothing where `host` is a name or cannot be reached.
void Knock(const std::string& host, int port) {
  addrinfo hints = {};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* address = nullptr;
  if (getaddrinfo(host.c_str(), absl::StrCat(port).c_str(), &hints, &address) != 0) return;
  const int descriptor = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor >= 0) {
    [[maybe_unused]] const int begun = connect(descriptor, address->ai_addr, address->ai_addrlen);
    close(descriptor);
  }
  freeaddrinfo(address);
}

// "::1" of "[::1]:9464".
std::string HostOf(absl::string_view address) {
  absl::string_view host = address.substr(0, address.rfind(':'));
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  return std::string(host);
}

}  // namespace

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Start(const std::string& address,
                                                                    const Metrics& metrics) {
  auto server = std::unique_ptr<MetricsServer>(new MetricsServer());
  server->metrics_ = metrics.collectable();
  server->process_ = std::make_shared<ProcessCollector>();
  server->cgroup_ = std::make_shared<CgroupCollector>();
  try {
    server->exposer_ = std::make_unique<prometheus::Exposer>(ExposerOptions(address));
  } catch (const std::exception& exception) {
    return absl::UnavailableError(absl::StrCat("cannot serve metrics on --metrics_address=", address,
                                               ": it is in use or not an address of this machine (", exception.what(),
                                               ")"));
  }
  server->exposer_->RegisterCollectable(server->metrics_);
  server->exposer_->RegisterCollectable(server->process_);
  server->exposer_->RegisterCollectable(server->cgroup_);
  server->host_ = HostOf(address);
  server->port_ = server->exposer_->GetListeningPorts().front();
  return server;
}

MetricsServer::~MetricsServer() {
  if (exposer_ == nullptr) return;
  // The listener of civetweb 1.15 looks every two seconds whether it shall end, and whenever somebody connects.
  absl::Notification ended;
  std::thread thread([this, &ended] {
    exposer_ = nullptr;
    ended.Notify();
  });
  do {
    Knock(host_, port_);
  } while (!ended.WaitForNotificationWithTimeout(kKnockInterval));
  thread.join();
}

}  // namespace attnd
