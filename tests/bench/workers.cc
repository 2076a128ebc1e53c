#include "tests/bench/workers.h"

#include <thread>
#include <utility>

#include "engine/ops/cpu_shares.h"

namespace attnd {

absl::StatusOr<Workers> Workers::Create(const std::shared_ptr<const ModelWeights>& weights,
                                        std::vector<CpuShare> shares, int64_t max_batch_tokens) {
  Workers workers;
  workers.shares_ = std::move(shares);
  for (const CpuShare& share : workers.shares_) {
    auto engine = Transformer::Create(
        weights, {.thread_count = share.thread_count, .cpus = share.cpus, .max_batch_tokens = max_batch_tokens});
    if (!engine.ok()) return engine.status();
    workers.engines_.push_back(*std::move(engine));
  }
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
