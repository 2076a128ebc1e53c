// The whole service around a model: queue, batchers, gRPC server with health and reflection.

#ifndef SERVER_SERVER_H_
#define SERVER_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/ops/cpu_shares.h"
#include "server/lifecycle/health_state.h"
#include "server/lifecycle/heartbeat.h"
#include "server/lifecycle/model_store.h"
#include "server/open_inference/open_inference_service.h"
#include "server/rpc/call_limits.h"
#include "server/rpc/call_scope.h"
#include "server/rpc/inference_service.h"
#include "server/rpc/open_streams.h"
#include "server/rpc/text_worker.h"
#include "server/scheduling/batcher.h"
#include "server/scheduling/clock.h"
#include "server/scheduling/scheduler.h"
#include "server/security/connection_limits.h"
#include "server/telemetry/metrics.h"

namespace attnd {

struct ServerOptions {
  std::string address;  // "host:port"; port 0 picks a free one
  CallLimits call_limits;
  SchedulerLimits scheduler_limits;  // worker_count is that of `workers`
  std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
  ConnectionLimits connection_limits;
  std::vector<CpuShare> workers = {CpuShare()};  // one for each engine of the models served
  bool reflection = true;
  bool has_admin_service = false;                               // elsewhere; health answers for it, too
  absl::Duration engine_heartbeat_timeout = absl::Seconds(30);  // a batch that takes longer makes health NOT_SERVING
};

// Threads: Serve and Drain by one. Owns: gRPC's threads, the batchers' and one for long texts.
class Server {
 public:
  // Listens at once; until Serve health says NOT_SERVING and calls get UNAVAILABLE. Errors: UNAVAILABLE when the
  // address cannot be bound. `models` and `health` must outlive the server.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options, const ModelStore& models,
                                                       HealthState& health, const CallEnvironment& environment);
  // Drains without delay.
  ~Server();

  int port() const { return port_; }

  // Accepts calls from now on, that `models` has a model. Once.
  void Serve();

  // Health says NOT_SERVING at once; after `delay` new calls are refused with UNAVAILABLE; what was accepted is
  // computed for up to `timeout`, the rest then ends with UNAVAILABLE. Refuses for another moment, then closes. Returns
  // what became of all calls. Where some are unfinished, an engine is stuck: the server cannot be destroyed then.
  SchedulerTotals Drain(absl::Duration delay, absl::Duration timeout);

 private:
  Server(const ServerOptions& options, const ModelStore& models, HealthState& health,
         const CallEnvironment& environment);

  absl::Status Listen(const ServerOptions& options);

  const absl::Duration engine_heartbeat_timeout_;
  const Clock& clock_;
  Metrics& metrics_;
  HealthState& health_;
  const std::vector<CpuShare> workers_;
  Scheduler scheduler_;
  std::deque<Batcher> batchers_;  // from Serve on
  TextWorker text_worker_;
  OpenStreams open_streams_;
  InferenceService service_;
  OpenInferenceService open_inference_service_;
  std::unique_ptr<grpc::Server> grpc_server_;
  std::optional<Heartbeat> heartbeat_;  // from Serve on; speaks to grpc_server_'s health service
  int port_ = 0;
  bool drained_ = false;
};

}  // namespace attnd

#endif  // SERVER_SERVER_H_
