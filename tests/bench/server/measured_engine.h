// An engine that tells how much CPU time its callers spend in it.

#ifndef TESTS_BENCH_SERVER_MEASURED_ENGINE_H_
#define TESTS_BENCH_SERVER_MEASURED_ENGINE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "engine/engine.h"
#include "tests/bench/server/cpu_times.h"

namespace attnd {

class MeasuredEngine final : public Engine {
 public:
  // Adds to `nanoseconds`, which must outlive it.
  MeasuredEngine(std::unique_ptr<Engine> engine, std::atomic<int64_t>& nanoseconds)
      : engine_(std::move(engine)), nanoseconds_(nanoseconds) {}

  const EngineInfo& info() const override { return engine_->info(); }

  using Engine::Forward;
  absl::Status Forward(absl::Span<const SequenceTask> batch, absl::FunctionRef<bool()> is_abandoned) override {
    const absl::Duration before = ThreadCpuTime();
    const absl::Status status = engine_->Forward(batch, is_abandoned);
    nanoseconds_ += absl::ToInt64Nanoseconds(ThreadCpuTime() - before);
    return status;
  }

 private:
  const std::unique_ptr<Engine> engine_;
  std::atomic<int64_t>& nanoseconds_;
};

}  // namespace attnd

#endif  // TESTS_BENCH_SERVER_MEASURED_ENGINE_H_
