#include "server/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/log/log.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "attnd/v1/admin.grpc.pb.h"
#include "server/security/reflection.h"

namespace attnd {
namespace {

// Time for callers that were waiting to hear on their next call that they must go elsewhere. A call that arrives while
// gRPC shuts down ends with CANCELLED instead.
constexpr absl::Duration kRefusing = absl::Milliseconds(250);
// Time, after what was accepted was computed or aborted, for engines to come to their next layer, where they see that
// nobody waits for their batch, and for finished replies to leave.
constexpr absl::Duration kGrace = absl::Seconds(5);
// Time for what has no reply of ours: statuses that are leaving, and watchers of health, who would stay for ever.
constexpr absl::Duration kShutdownGrace = absl::Milliseconds(100);

// Of messages whose texts wait to become tokens: seconds of work, and no more memory than one message may take.
constexpr int64_t kMaxWaitingMessageBytes = int64_t{64} << 20;

SchedulerLimits LimitsFor(const ServerOptions& options) {
  SchedulerLimits limits = options.scheduler_limits;
  limits.worker_count = static_cast<int>(options.workers.size());
  return limits;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options, const ModelStore& models,
                                                      HealthState& health, const CallEnvironment& environment) {
  auto server = std::unique_ptr<Server>(new Server(options, models, health, environment));
  if (absl::Status status = server->Listen(options); !status.ok()) return status;
  return server;
}

Server::Server(const ServerOptions& options, const ModelStore& models, HealthState& health,
               const CallEnvironment& environment)
    : engine_heartbeat_timeout_(options.engine_heartbeat_timeout),
      clock_(environment.clock),
      metrics_(environment.metrics),
      health_(health),
      workers_(options.workers),
      scheduler_(LimitsFor(options), clock_, metrics_),
      text_worker_(kMaxWaitingMessageBytes),
      service_(options.call_limits, models, scheduler_, text_worker_, open_streams_, environment),
      open_inference_service_(options.call_limits, models, health, scheduler_, text_worker_, open_streams_,
                              environment) {}

Server::~Server() {
  if (!grpc_server_ || drained_) return;
  if (!batchers_.empty()) {
    Drain(absl::ZeroDuration(), absl::ZeroDuration());
  } else {
    grpc_server_->Shutdown(absl::ToChronoTime(absl::Now()));
  }
}

absl::Status Server::Listen(const ServerOptions& options) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.call_limits.max_request_bytes));
  builder.SetMaxSendMessageSize(static_cast<int>(options.call_limits.max_reply_bytes));
  SetConnectionLimits(options.connection_limits, builder);
  if (!options.reflection) RemoveReflection(builder);
  // A second server on a taken port shall fail, not share it.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // Probes of bandwidth would wake both ends once more for every call. A message larger than the window opens it.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  builder.AddListeningPort(options.address, options.credentials, &port_);
  builder.RegisterService(&service_);
  builder.RegisterService(&open_inference_service_);
  grpc_server_ = builder.BuildAndStart();
  if (!grpc_server_ || port_ == 0) {
    return absl::UnavailableError(absl::StrCat("cannot serve gRPC on --address=", options.address,
                                               ": it is in use or not an address of this machine"));
  }
  // At once: gRPC's health service begins with SERVING.
  std::vector<std::string> names = {"", v1::InferenceService::service_full_name(),
                                    inference::GRPCInferenceService::service_full_name()};
  if (options.has_admin_service) names.emplace_back(v1::AdminService::service_full_name());
  health_.Publish(*grpc_server_->GetHealthCheckService(), std::move(names));
  return absl::OkStatus();
}

void Server::Serve() {
  for (size_t worker = 0; worker < workers_.size(); ++worker) {
    batchers_.emplace_back(
        scheduler_, [worker](const Request& request) -> Engine& { return *request.model->engines[worker]; }, clock_,
        metrics_, static_cast<int>(worker), workers_[worker].cpus);
  }
  heartbeat_.emplace(engine_heartbeat_timeout_, [this] { return scheduler_.OldestBatchStart(); }, health_, clock_);
  heartbeat_->Start();
  health_.Enter(Phase::kServing);
}

SchedulerTotals Server::Drain(absl::Duration delay, absl::Duration timeout) {
  drained_ = true;
  health_.Enter(Phase::kDraining);
  absl::SleepFor(delay);
  scheduler_.Close();
  open_streams_.Drain();
  text_worker_.Close();
  if (!scheduler_.WaitUntilDrained(timeout)) {
    LOG(WARNING) << "accepted calls were not finished within " << timeout << "; ending them with UNAVAILABLE";
    scheduler_.Abort();
  }
  const absl::Time end = absl::Now() + kGrace;
  scheduler_.WaitUntilDrained(kGrace);
  const SchedulerTotals totals = scheduler_.totals();
  if (totals.unfinished > 0) {
    LOG(ERROR) << "an engine still computes " << kGrace << " after its calls were ended; leaving without it";
    return totals;
  }
  absl::SleepFor(kRefusing);
  scheduler_.WaitUntilRepliesLeft(end - absl::Now());
  grpc_server_->Shutdown(absl::ToChronoTime(absl::Now() + kShutdownGrace));
  return totals;
}

}  // namespace attnd
