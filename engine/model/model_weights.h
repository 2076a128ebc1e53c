// All weights of a model, packed as they are computed with, and the code that reads them.

#ifndef ENGINE_MODEL_MODEL_WEIGHTS_H_
#define ENGINE_MODEL_MODEL_WEIGHTS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/model/config.h"
#include "engine/model/layer.h"
#include "engine/model/token_table.h"
#include "engine/model/weight_source.h"
#include "engine/ops/layer_norm.h"
#include "engine/tensor/arena.h"
#include "engine/tensor/data_type.h"

namespace attnd {

// Shared by all engines that compute the model. Threads: any. Owns: the memory of the weights.
class ModelWeights {
 public:
  // Reads, packs and tries all weights of `source`, those of the layers as `type`; those of tokens are bf16 where it is
  // int8. `source` is not used afterwards. Errors: those of `source`; RESOURCE_EXHAUSTED when memory is; INTERNAL when
  // a kernel computes wrongly.
  static absl::StatusOr<std::shared_ptr<const ModelWeights>> Load(const WeightSource& source, DataType type);

  // Bytes that the weights of a model take as `type`, without what kernels pad them with.
  static int64_t ByteCount(const ModelConfig& config, DataType type);

  const ModelConfig& config() const { return config_; }
  DataType data_type() const { return data_type_; }
  const std::string& sha256() const { return sha256_; }

  const LayerKernels& kernels() const { return kernels_; }
  const TokenTable& tokens() const { return *tokens_; }
  const TokenTable& output_head() const { return untied_head_ ? *untied_head_ : *tokens_; }
  absl::Span<const float> positions() const { return positions_; }  // [context length, C]
  const std::vector<Layer>& layers() const { return layers_; }
  const LayerNormWeights& final_norm() const { return final_norm_; }

 private:
  ModelWeights(const ModelConfig& config, DataType type)
      : config_(config), data_type_(type), kernels_(LayerKernels::Create(config, type)) {}

  absl::Status LoadAll(const WeightSource& source);
  absl::Status LoadTokens(const WeightSource& source);
  absl::Status LoadPositions(const WeightSource& source);
  absl::Status LoadLayers(const WeightSource& source);

  const ModelConfig config_;
  const DataType data_type_;
  std::string sha256_;
  Arena arena_;
  const LayerKernels kernels_;
  std::optional<TokenTable> tokens_;
  std::optional<TokenTable> untied_head_;
  absl::Span<float> positions_;
  std::vector<Layer> layers_;
  LayerNormWeights final_norm_;
};

}  // namespace attnd

#endif  // ENGINE_MODEL_MODEL_WEIGHTS_H_
