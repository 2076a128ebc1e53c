// The server of server/server.h in a process of its own, with the default model, so that its CPU time can be told from
// that of its clients, and the engine's from the rest.

#ifndef TESTS_BENCH_SERVER_FORKED_SERVER_H_
#define TESTS_BENCH_SERVER_FORKED_SERVER_H_

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/tensor/data_type.h"
#include "server/scheduling/limits.h"

namespace attnd {

struct ForkedServerOptions {
  DataType data_type = DataType::kFloat32;
  int thread_count = 1;
  SchedulerLimits limits;
};

// Sequences of the same length, computed together.
struct BatchShape {
  int64_t sequences = 1;
  int64_t tokens = 1;  // of each

  int64_t all_tokens() const { return sequences * tokens; }
};

// Threads: one. Owns: the process, which ends with it.
class ForkedServer {
 public:
  // Forks, so there must be no other thread yet. Returns once the model is loaded and the server serves. Errors: those
  // of the model and of the server; the process writes its own to standard error.
  static absl::StatusOr<std::unique_ptr<ForkedServer>> Start(const ForkedServerOptions& options);
  ~ForkedServer();
  ForkedServer(const ForkedServer&) = delete;
  ForkedServer& operator=(const ForkedServer&) = delete;

  // "host:port".
  const std::string& target() const { return target_; }

  // CPU time of the process but for the engine: everything a server adds. Exact while no batch is computed.
  absl::Duration CpuTimeOutsideEngine() const;

  // Has the server's engine compute batches of embeddings, with no server between, and returns the time of one.
  // Requires that no call is under way.
  absl::StatusOr<absl::Duration> TimeBareBatch(const BatchShape& shape, int repetitions);

 private:
  ForkedServer() = default;

  pid_t process_ = -1;
  int socket_ = -1;                                     // to it
  std::atomic<int64_t>* engine_nanoseconds_ = nullptr;  // of the batcher, in memory shared with it
  std::string target_;
};

}  // namespace attnd

#endif  // TESTS_BENCH_SERVER_FORKED_SERVER_H_
