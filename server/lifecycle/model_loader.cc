#include "server/lifecycle/model_loader.h"

#include <filesystem>
#include <future>
#include <memory>
#include <utility>

#include "absl/log/log.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "engine/checkpoint/gpt2_checkpoint.h"
#include "engine/checkpoint/seeded_weights.h"
#include "engine/model/model_weights.h"
#include "engine/model/transformer.h"
#include "engine/ops/cpu_shares.h"

namespace attnd {
namespace {

absl::StatusOr<std::unique_ptr<WeightSource>> OpenWeights(const ModelOptions& options) {
  absl::StatusOr<std::unique_ptr<WeightSource>> weights;
  if (options.folder.empty()) {
    weights = SeededWeights::Create(ModelConfig(), options.seed);
  } else {
    weights = Gpt2Checkpoint::Open(options.folder);
  }
  if (!weights.ok() || options.layer_count == 0) return weights;
  return GrowLayers(*std::move(weights), options.layer_count, options.new_layers);
}

std::string ModelName(const ModelOptions& options) {
  if (!options.name.empty()) return options.name;
  if (options.folder.empty()) return "seeded";
  const std::filesystem::path folder = std::filesystem::absolute(options.folder).lexically_normal();
  return folder.has_filename() ? folder.filename() : folder.parent_path().filename();
}

// One engine for each of `workers`, all at the same time and each on its own CPUs, so that what it allocates lies near.
absl::StatusOr<std::vector<std::unique_ptr<Engine>>> StartEngines(const std::shared_ptr<const ModelWeights>& weights,
                                                                  const ModelOptions& options) {
  std::vector<std::future<absl::StatusOr<std::unique_ptr<Transformer>>>> starting;
  for (const CpuShare& worker : options.workers) {
    starting.push_back(std::async(std::launch::async, [&] {
      StayOnCpus(worker.cpus);
      return Transformer::Create(
          weights,
          {.thread_count = worker.thread_count, .cpus = worker.cpus, .max_batch_tokens = options.max_batch_tokens});
    }));
  }
  std::vector<std::unique_ptr<Engine>> engines;
  absl::Status status;
  for (auto& start : starting) {
    auto engine = start.get();
    status.Update(engine.status());
    if (engine.ok()) engines.push_back(*std::move(engine));
  }
  if (!status.ok()) return status;
  return engines;
}

void LogModel(const LoadedModel& loaded) {
  const EngineInfo& info = loaded.model->info();
  LOG(INFO) << "loaded " << info.parameter_count << " parameters in " << loaded.load << ", warm after "
            << loaded.warm_up << ", version " << loaded.model->version << ", sha256 " << info.weights_sha256;
  LOG(INFO) << "computing in " << DataTypeName(info.data_type) << " on " << loaded.model->thread_count()
            << " threads of " << loaded.model->engines.size() << " workers, linear layers "
            << info.linear_implementation << ", output head " << info.output_head_implementation;
}

}  // namespace

absl::StatusOr<LoadedModel> LoadModel(const ModelOptions& options, int64_t load_count) {
  LOG(INFO) << "loading "
            << (options.folder.empty() ? absl::StrCat("seeded weights, seed ", options.seed) : options.folder);
  const absl::Time started_at = absl::Now();
  auto weights = OpenWeights(options);
  if (!weights.ok()) return weights.status();
  auto packed = ModelWeights::Load(**weights, options.data_type);
  if (!packed.ok()) return packed.status();
  auto engines = StartEngines(*packed, options);
  if (!engines.ok()) return engines.status();
  const absl::Duration warm_up = engines->front()->info().warm_up;
  LoadedModel loaded = {.load = absl::Now() - started_at - warm_up, .warm_up = warm_up};
  auto model = std::make_unique<ServedModel>();
  model->name = ModelName(options);
  model->version = ModelVersion((*packed)->sha256(), load_count);
  model->engines = *std::move(engines);
  loaded.model = std::move(model);
  LogModel(loaded);
  return loaded;
}

}  // namespace attnd
