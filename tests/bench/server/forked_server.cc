#include "tests/bench/server/forked_server.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <new>
#include <random>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "engine/checkpoint/seeded_weights.h"
#include "engine/model/model_weights.h"
#include "engine/model/transformer.h"
#include "server/lifecycle/health_state.h"
#include "server/lifecycle/model_store.h"
#include "server/scheduling/clock.h"
#include "server/scheduling/served_model.h"
#include "server/server.h"
#include "server/telemetry/metrics.h"
#include "tests/bench/server/cpu_times.h"
#include "tests/bench/server/measured_engine.h"

namespace attnd {
namespace {

// What is asked of the process once it serves.
struct BareBatch {
  BatchShape shape;
  int repetitions = 1;
};

template <typename Message>
bool Send(int socket, const Message& message) {
  static_assert(std::is_trivially_copyable_v<Message>);
  return send(socket, &message, sizeof(message), MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof(message));
}

// False once the other end is closed.
template <typename Message>
bool Receive(int socket, Message& message) {
  static_assert(std::is_trivially_copyable_v<Message>);
  return recv(socket, &message, sizeof(message), MSG_WAITALL) == static_cast<ssize_t>(sizeof(message));
}

absl::StatusOr<std::unique_ptr<Engine>> CreateEngine(const ForkedServerOptions& options) {
  const auto weights = SeededWeights::Create(ModelConfig(), /*seed=*/0);
  if (!weights.ok()) return weights.status();
  auto packed = ModelWeights::Load(**weights, options.data_type);
  if (!packed.ok()) return packed.status();
  return Transformer::Create(
      *std::move(packed), {.thread_count = options.thread_count, .max_batch_tokens = options.limits.max_batch_tokens});
}

// The mean of the repetitions.
absl::StatusOr<absl::Duration> TimeBatches(Engine& engine, const BareBatch& asked) {
  std::minstd_rand generator(1);
  std::uniform_int_distribution<int32_t> token(0, static_cast<int32_t>(engine.info().config.vocabulary_size - 1));
  std::vector<SequenceInput> inputs(static_cast<size_t>(asked.shape.sequences));
  std::vector<SequenceOutput> outputs(inputs.size());
  const OutputSelection selection = {.embedding = EmbeddingSelection()};
  std::vector<SequenceTask> batch;
  for (size_t i = 0; i < inputs.size(); ++i) {
    inputs[i] = {.token_ids = std::vector<int32_t>(static_cast<size_t>(asked.shape.tokens)),
                 .token_count = asked.shape.tokens};
    for (int32_t& id : inputs[i].token_ids) id = token(generator);
    batch.push_back({&inputs[i], &selection, &outputs[i]});
  }
  const absl::Time started_at = absl::Now();
  for (int i = 0; i < asked.repetitions; ++i) {
    if (absl::Status status = engine.Forward(batch); !status.ok()) return status;
  }
  return (absl::Now() - started_at) / asked.repetitions;
}

// The process: serves until the other end of `socket` is closed.
absl::Status Serve(const ForkedServerOptions& options, int socket, std::atomic<int64_t>& engine_nanoseconds) {
  const SystemClock clock;
  Metrics metrics(MetricsOptions{.max_batch_requests = options.limits.max_batch_requests,
                                 .max_batch_tokens = options.limits.max_batch_tokens});
  ModelStore models;
  HealthState health(metrics);
  auto server =
      Server::Start({.address = "127.0.0.1:0", .scheduler_limits = options.limits}, models, health, {clock, metrics});
  if (!server.ok()) return server.status();
  auto engine = CreateEngine(options);
  if (!engine.ok()) return engine.status();
  auto model = std::make_unique<ServedModel>();
  model->name = "seeded";
  model->engines.push_back(std::make_unique<MeasuredEngine>(*std::move(engine), engine_nanoseconds));
  Engine& measured = *model->engines.front();
  models.Replace(std::move(model));
  (*server)->Serve();
  if (!Send(socket, (*server)->port())) return absl::UnavailableError("nobody waits for the server");
  for (BareBatch asked; Receive(socket, asked);) {
    const auto time = TimeBatches(measured, asked);
    if (!time.ok()) return time.status();
    Send(socket, absl::ToInt64Nanoseconds(*time));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<ForkedServer>> ForkedServer::Start(const ForkedServerOptions& options) {
  auto server = std::unique_ptr<ForkedServer>(new ForkedServer());
  void* const shared =
      mmap(nullptr, sizeof(std::atomic<int64_t>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return absl::ErrnoToStatus(errno, "mmap");
  server->engine_nanoseconds_ = new (shared) std::atomic<int64_t>(0);
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) return absl::ErrnoToStatus(errno, "socketpair");
  server->process_ = fork();
  if (server->process_ < 0) return absl::ErrnoToStatus(errno, "fork");
  if (server->process_ == 0) {
    close(sockets[0]);
    const absl::Status status = Serve(options, sockets[1], *server->engine_nanoseconds_);
    if (!status.ok()) std::fprintf(stderr, "the server: %s\n", status.ToString().c_str());
    _exit(status.ok() ? 0 : 1);
  }
  close(sockets[1]);
  server->socket_ = sockets[0];
  int port = 0;
  if (!Receive(server->socket_, port)) return absl::UnavailableError("the server did not start");
  server->target_ = absl::StrCat("127.0.0.1:", port);
  return server;
}

ForkedServer::~ForkedServer() {
  if (socket_ >= 0) close(socket_);
  if (process_ > 0) waitpid(process_, nullptr, 0);
  munmap(engine_nanoseconds_, sizeof(std::atomic<int64_t>));
}

absl::Duration ForkedServer::CpuTimeOutsideEngine() const {
  return ProcessCpuTime(process_) - absl::Nanoseconds(engine_nanoseconds_->load()) -
         ThreadsCpuTime(process_, "attnd-engine-");
}

absl::StatusOr<absl::Duration> ForkedServer::TimeBareBatch(const BatchShape& shape, int repetitions) {
  int64_t nanoseconds = 0;
  if (!Send(socket_, BareBatch{.shape = shape, .repetitions = repetitions}) || !Receive(socket_, nanoseconds)) {
    return absl::UnavailableError("the server ended");
  }
  return absl::Nanoseconds(nanoseconds);
}

}  // namespace attnd
