// Engines that compute the same model side by side, as the workers of a server do.

#ifndef TESTS_BENCH_WORKERS_H_
#define TESTS_BENCH_WORKERS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "engine/model/model_weights.h"
#include "engine/model/transformer.h"
#include "engine/ops/cpu_shares.h"

namespace attnd {

class Workers {
 public:
  // One for each of `shares`. Errors: those of Transformer::Create.
  static absl::StatusOr<Workers> Create(const std::shared_ptr<const ModelWeights>& weights,
                                        std::vector<CpuShare> shares, int64_t max_batch_tokens);

  size_t count() const { return engines_.size(); }
  const EngineInfo& info() const { return engines_.front()->info(); }

  // Calls `compute` for all at once, each on a thread of its own unless there is one alone. Returns when all are done.
  void Run(absl::FunctionRef<void(Transformer& engine, size_t worker)> compute);

 private:
  std::vector<CpuShare> shares_;
  std::vector<std::unique_ptr<Transformer>> engines_;
};

}  // namespace attnd

#endif  // TESTS_BENCH_WORKERS_H_
