// The whole service around an engine: queue, batcher, gRPC server with health and reflection.

#ifndef SERVER_SERVER_H_
#define SERVER_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/engine.h"
#include "server/rpc/call_limits.h"
#include "server/rpc/inference_service.h"
#include "server/scheduling/batcher.h"
#include "server/scheduling/clock.h"
#include "server/scheduling/scheduler.h"
#include "server/telemetry/metrics.h"

namespace attnd {

struct ServerOptions {
  std::string address;  // "host:port"; port 0 picks a free one
  std::string model_name;
  CallLimits call_limits;
  SchedulerLimits scheduler_limits;
};

// Threads: Drain by one. Owns: the engine, gRPC's threads and the batcher's.
class Server {
 public:
  // Serves at once. UNAVAILABLE when the address cannot be bound. `clock` and `metrics` must outlive the server.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options, std::unique_ptr<Engine> engine,
                                                       const Clock& clock, Metrics& metrics);
  // Drains without delay.
  ~Server();

  int port() const { return port_; }

  // Health says NOT_SERVING at once; after `delay` new calls are refused with UNAVAILABLE; what was accepted is
  // computed for up to `timeout`, the rest then ends with UNAVAILABLE. Refuses for another moment, then closes. Returns
  // what became of all calls.
  SchedulerTotals Drain(absl::Duration delay, absl::Duration timeout);

 private:
  Server(const ServerOptions& options, std::unique_ptr<Engine> engine, const Clock& clock, Metrics& metrics);

  absl::Status Listen(const ServerOptions& options);
  void SetServing(bool serving);

  Metrics& metrics_;
  std::shared_ptr<Engine> engine_;
  Scheduler scheduler_;
  Batcher batcher_;
  InferenceService service_;
  std::unique_ptr<grpc::Server> grpc_server_;
  int port_ = 0;
  bool drained_ = false;
};

}  // namespace attnd

#endif  // SERVER_SERVER_H_
