#include "tests/bench/workers.h"

#include <thread>
#include <utility>

#include "engine/model/start_transformers.h"
#include "engine/ops/cpu_shares.h"

namespace attnd {

absl::StatusOr<Workers> Workers::Create(const std::shared_ptr<const ModelWeights>& weights,
                                        std::vector<CpuShare> shares, int64_t max_batch_tokens) {
  auto engines = StartTransformers(weights, shares, max_batch_tokens);
  if (!engines.ok()) return engines.status();
  Workers workers;
  workers.shares_ = std::move(shares);
  workers.engines_ = *std::move(engines);
  return workers;
}

void Workers::Run(absl::FunctionRef<void(Transformer&, size_t)> compute) {
  if (count() == 1) return compute(*engines_.front(), 0);
  std::vector<std::thread> threads;
  for (size_t worker = 0; worker < count(); ++worker) {
    threads.emplace_back([&, worker] {
      StayOnCpus(shares_[worker].cpus);
      compute(*engines_[worker], worker);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace attnd
