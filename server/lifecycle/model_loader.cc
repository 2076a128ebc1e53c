#include "server/lifecycle/model_loader.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "absl/log/log.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "engine/checkpoint/gpt2_checkpoint.h"
#include "engine/checkpoint/seeded_weights.h"
#include "engine/model/model_weights.h"
#include "engine/model/start_transformers.h"
#include "engine/model/transformer.h"
#include "engine/text/tokenizer_files.h"

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

// What callers are told of a model without a tokenizer; the folder's path is none of their business.
absl::Status NoTokenizer(absl::string_view reason, const std::string& folder) {
  absl::string_view text = absl::StripPrefix(reason, folder);
  text = text.substr(std::min(text.find_first_not_of("/: "), text.size()));
  return absl::FailedPreconditionError(absl::StrCat("the model has no tokenizer; send token ids: ", text));
}

// Gives `model` the tokenizer of the folder. One that is not there, or of a kind that is not supported, leaves a model
// that takes token ids alone; one that is broken is an error.
absl::Status AddTokenizer(const std::string& folder, ServedModel& model) {
  if (folder.empty()) return absl::OkStatus();
  model.tokenizer = LoadTokenizer(folder);
  const absl::Status status = model.tokenizer.status();
  if (status.ok()) {
    LOG(INFO) << "text becomes tokens of " << (*model.tokenizer).token_count();
  } else if (absl::IsNotFound(status) || absl::IsUnimplemented(status)) {
    LOG(WARNING) << "calls with text are refused: " << status.message();
    model.tokenizer = NoTokenizer(status.message(), folder);
  } else {
    return status;
  }
  return absl::OkStatus();
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
  auto model = std::make_unique<ServedModel>();
  if (absl::Status status = AddTokenizer(options.folder, *model); !status.ok()) return status;
  auto packed = ModelWeights::Load(**weights, options.data_type);
  if (!packed.ok()) return packed.status();
  auto engines = StartTransformers(*packed, options.workers, options.max_batch_tokens);
  if (!engines.ok()) return engines.status();
  const absl::Duration warm_up = engines->front()->info().warm_up;
  LoadedModel loaded = {.load = absl::Now() - started_at - warm_up, .warm_up = warm_up};
  model->name = ModelName(options);
  model->version = ModelVersion((*packed)->sha256(), load_count);
  model->load_count = load_count;
  for (auto& engine : *engines) model->engines.push_back(std::move(engine));
  loaded.model = std::move(model);
  LogModel(loaded);
  return loaded;
}

}  // namespace attnd
