#include "engine/model/start_transformers.h"

#include <future>
#include <utility>

namespace attnd {

absl::StatusOr<std::vector<std::unique_ptr<Transformer>>> StartTransformers(
    const std::shared_ptr<const ModelWeights>& weights, absl::Span<const CpuShare> shares, int64_t max_batch_tokens) {
  std::vector<std::future<absl::StatusOr<std::unique_ptr<Transformer>>>> starting;
  for (const CpuShare& share : shares) {
    starting.push_back(std::async(std::launch::async, [&] {
      StayOnCpus(share.cpus);
      return Transformer::Create(
          weights, {.thread_count = share.thread_count, .cpus = share.cpus, .max_batch_tokens = max_batch_tokens});
    }));
  }
  std::vector<std::unique_ptr<Transformer>> engines;
  absl::Status status;
  for (auto& start : starting) {
    auto engine = start.get();
    status.Update(engine.status());
    if (engine.ok()) engines.push_back(*std::move(engine));
  }
  if (!status.ok()) return status;
  return engines;
}

}  // namespace attnd
