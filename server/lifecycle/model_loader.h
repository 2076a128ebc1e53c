// From a folder, or a seed, to a model that can be served.

#ifndef SERVER_LIFECYCLE_MODEL_LOADER_H_
#define SERVER_LIFECYCLE_MODEL_LOADER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/checkpoint/grow_layers.h"
#include "engine/ops/cpu_shares.h"
#include "engine/tensor/data_type.h"
#include "server/lifecycle/loaded_model.h"

namespace attnd {

struct ModelOptions {
  std::string folder;  // of a Hugging Face GPT-2 checkpoint; empty for seeded weights
  std::string name;    // empty for the folder's own
  uint64_t seed = 0;
  int64_t layer_count = 0;  // 0: as many as there are
  NewLayers new_layers = NewLayers::kEnd;
  DataType data_type = DataType::kFloat32;
  std::vector<CpuShare> workers = {CpuShare()};  // one for each engine
  int64_t max_batch_tokens = 2048;
};

// Reads, checks, packs and warms up; takes seconds, on the workers' CPUs. `load_count` goes into the version.
// Errors: those of LoadTokenizer for a tokenizer that is broken, Gpt2Checkpoint::Open, SeededWeights::Create,
// GrowLayers, ModelWeights::Load and Transformer::Create. Threads: any.
absl::StatusOr<LoadedModel> LoadModel(const ModelOptions& options, int64_t load_count);

}  // namespace attnd

#endif  // SERVER_LIFECYCLE_MODEL_LOADER_H_
