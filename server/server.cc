#include "server/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>

#include <chrono>
#include <utility>

#include "absl/log/log.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/version.h"

namespace attnd {
namespace {

// Time for callers that were waiting to hear on their next call that they must go elsewhere. A call that arrives while
// gRPC shuts down ends with CANCELLED instead.
constexpr absl::Duration kRefusing = absl::Milliseconds(250);
// Time for finished replies to leave after the last of them was handed to gRPC.
constexpr absl::Duration kShutdownGrace = absl::Seconds(5);

constexpr const char* kFirstVersion = "1";

ModelDescription Describe(const ServerOptions& options, const EngineInfo& info) {
  return {.name = options.model_name, .server_version = kVersion, .engine = info, .limits = options.call_limits};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options, std::unique_ptr<Engine> engine,
                                                      const Clock& clock, Metrics& metrics) {
  auto server = std::unique_ptr<Server>(new Server(options, std::move(engine), clock, metrics));
  if (absl::Status status = server->Listen(options); !status.ok()) return status;
  return server;
}

Server::Server(const ServerOptions& options, std::unique_ptr<Engine> engine, const Clock& clock, Metrics& metrics)
    : metrics_(metrics),
      engine_(std::move(engine)),
      scheduler_(options.scheduler_limits, clock, metrics),
      batcher_(
          scheduler_, [this] { return ServedModel{engine_, kFirstVersion}; }, clock, metrics),
      service_(Describe(options, engine_->info()), scheduler_, clock, metrics) {}

Server::~Server() {
  if (!drained_) Drain(absl::ZeroDuration(), absl::ZeroDuration());
}

absl::Status Server::Listen(const ServerOptions& options) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.call_limits.max_request_bytes));
  builder.SetMaxSendMessageSize(static_cast<int>(options.call_limits.max_reply_bytes));
  // A second server on a taken port shall fail, not share it.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort(options.address, grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(&service_);
  grpc_server_ = builder.BuildAndStart();
  if (!grpc_server_ || port_ == 0) {
    return absl::UnavailableError(absl::StrCat("cannot serve gRPC on --address=", options.address,
                                               ": it is in use or not an address of this machine"));
  }
  SetServing(true);
  return absl::OkStatus();
}

void Server::SetServing(bool serving) {
  metrics_.SetReady(serving);
  if (!grpc_server_) return;
  grpc::HealthCheckServiceInterface* health = grpc_server_->GetHealthCheckService();
  health->SetServingStatus(serving);
  health->SetServingStatus(v1::InferenceService::service_full_name(), serving);
}

SchedulerTotals Server::Drain(absl::Duration delay, absl::Duration timeout) {
  drained_ = true;
  SetServing(false);
  absl::SleepFor(delay);
  scheduler_.Close();
  if (!scheduler_.WaitUntilDrained(timeout)) {
    LOG(WARNING) << "accepted calls were not finished within " << timeout << "; ending them with UNAVAILABLE";
    scheduler_.Abort();
    scheduler_.WaitUntilDrained(absl::InfiniteDuration());
  }
  if (grpc_server_) {
    absl::SleepFor(kRefusing);
    grpc_server_->Shutdown(absl::ToChronoTime(absl::Now() + kShutdownGrace));
  }
  return scheduler_.totals();
}

}  // namespace attnd
