// Everything the server counts, for Prometheus. docs/metrics.md lists it.
//
// All series exist, at zero, from the start: a rate over a series that appears with its first event would miss that
// event.

#ifndef SERVER_TELEMETRY_METRICS_H_
#define SERVER_TELEMETRY_METRICS_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "engine/engine.h"
#include "server/scheduling/events.h"

namespace prometheus {
class Collectable;
}  // namespace prometheus

namespace attnd {

// Methods of attnd.v1.InferenceService, of inference.GRPCInferenceService and, the last, of attnd.v1.AdminService.
enum class RpcMethod {
  kForward,
  kEmbed,
  kGetModel,
  kForwardStream,
  kEmbedStream,
  kTokenize,
  kDetokenize,
  kServerLive,
  kServerReady,
  kModelReady,
  kServerMetadata,
  kModelMetadata,
  kModelInfer,
  kModelStreamInfer,
  kModelConfig,
  kModelStatistics,
  kRepositoryIndex,
  kReloadModel
};

// Why a call was refused, other than by the scheduler: no known key, one that does not allow the method, or one whose
// rate is used up; too much text that waits, too many bytes of replies beside its own, or the end of the server.
enum class CallRefusal { kUnauthenticated, kPermissionDenied, kRateLimited, kTextBytes, kReplyBytes, kDraining };

// What became of an attempt to replace the model: served, not to be served, or not begun as another was under way.
enum class ReloadOutcome { kDone, kFailed, kRefused };

// As in the protocol.
const char* RpcMethodName(RpcMethod method);

// How often something happened, and how long it took altogether.
struct CountedTime {
  int64_t count = 0;
  absl::Duration total;
};

// What was computed since the start, out of the counters of the same things.
struct InferenceStatistics {
  absl::Time last_completed = absl::InfinitePast();
  int64_t inputs = 0;   // of the calls computed
  int64_t batches = 0;  // started
  int64_t failed = 0;   // calls refused by the scheduler or given up
  CountedTime completed;
  CountedTime queue;
  CountedTime compute;
  CountedTime decode;
  CountedTime serialize;
};

struct MetricsOptions {
  int64_t max_batch_requests = 256;  // upper ends of the size histograms
  int64_t max_batch_tokens = 2048;
  int worker_count = 1;
  std::string server_version;
};

// Threads: any. Owns: the Prometheus registry.
class Metrics final : public SchedulerEvents {
 public:
  explicit Metrics(const MetricsOptions& options);
  ~Metrics() override;

  // At both ends of every call.
  void OnRpcStarted(RpcMethod method);
  void OnRpcHandled(RpcMethod method, absl::StatusCode code, absl::Duration duration);

  // At each message of a call; a unary call has one, and one back if it succeeds.
  void OnMessageReceived(RpcMethod method);
  void OnMessageSent(RpcMethod method);

  // A call, or an item of a stream, was refused for who made it.
  void OnCallRefused(RpcMethod method, CallRefusal refusal);

  // A message passed its checks and became a request; a computed request became a message.
  void OnDecoded(Method method, absl::Duration duration);
  void OnSerialized(Method method, absl::Duration duration);

  // The log left out a failed call or item, for there were too many.
  void OnFailureNotLogged();

  // An item of a stream was read; its reply was written or given up.
  void OnStreamItemHeld(RpcMethod method);
  void OnStreamItemReleased(RpcMethod method);

  void OnRejected(Method method, RejectReason reason) override;
  void OnLoadChanged(const SchedulerLoad& load) override;
  void OnCancelled(Method method, CancelStage stage, CancelCause cause, int64_t wasted_tokens) override;
  void OnBatchStarted(const BatchReport& batch) override;
  void OnBatchComputed(int worker, absl::Duration duration) override;
  void OnCompleted(const Request& request, absl::Duration total) override;

  // The model being served, and how long it took to load.
  void SetModel(const std::string& name, const std::string& version, const EngineInfo& info);
  void SetModelLoad(absl::Duration load, absl::Duration warm_up);
  void OnModelReload(ReloadOutcome outcome);
  // When the certificate that new connections see expires.
  void SetCertificateExpiry(absl::Time expiry);
  // Whether health says SERVING.
  void SetReady(bool ready);

  InferenceStatistics statistics() const;

  // What a scrape collects. Valid as long as the Metrics.
  std::shared_ptr<prometheus::Collectable> collectable() const;

 private:
  struct Registry;

  std::shared_ptr<Registry> registry_;
};

}  // namespace attnd

#endif  // SERVER_TELEMETRY_METRICS_H_
