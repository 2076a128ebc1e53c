// The decoder stack: embeddings, layers, final norm, and what callers ask of the result.

#ifndef ENGINE_MODEL_TRANSFORMER_H_
#define ENGINE_MODEL_TRANSFORMER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/engine.h"
#include "engine/model/batch_layout.h"
#include "engine/model/layer.h"
#include "engine/model/linear_layer.h"
#include "engine/model/token_table.h"
#include "engine/model/weight_source.h"
#include "engine/ops/thread_team.h"
#include "engine/tensor/arena.h"
#include "engine/tensor/data_type.h"

namespace attnd {

struct TransformerOptions {
  DataType data_type = DataType::kFloat32;  // of the weights of the layers; those of tokens are bf16 where it is int8
  int thread_count = 1;                     // threads that compute, the caller of Forward among them
  int64_t max_batch_tokens = 2048;          // at least the context length of the model
};

// The engine on this machine's CPU. Sequences of a batch are packed row after row, without padding; linear layers take
// the rows in tiles, attention takes the sequences head by head. A forward pass allocates nothing but room for outputs
// that are larger than before.
// Owns: its weights, activations and threads.
class Transformer final : public Engine {
 public:
  // Reads and packs all weights of `source`, compiles the kernels and computes once to touch all memory. `source` is
  // not used afterwards. Errors: those of `source`; INVALID_ARGUMENT when max_batch_tokens is below the context length;
  // RESOURCE_EXHAUSTED when memory is; INTERNAL when a kernel computes wrongly.
  static absl::StatusOr<std::unique_ptr<Transformer>> Create(const WeightSource& source,
                                                             const TransformerOptions& options);

  const EngineInfo& info() const override { return info_; }

  using Engine::Forward;
  absl::Status Forward(absl::Span<const SequenceTask> batch, absl::FunctionRef<bool()> is_abandoned) override;

 private:
  // What a worker needs for itself.
  struct WorkerScratch {
    float* attention = nullptr;  // AttentionScratchFloats
    float* logits = nullptr;     // [TokenTable::kMaxRows, TokenTable::kChunkColumns]
  };

  explicit Transformer(const TransformerOptions& options) : team_(options.thread_count) {}

  absl::Status LoadWeights(const WeightSource& source, DataType type);
  absl::Status AllocateActivations();
  absl::Status WarmUp();

  absl::Status Embed(absl::Span<const SequenceTask> batch);
  void EmbedRow(const SequenceInput& input, int64_t position, float* row) const;
  absl::Status RunLayer(const Layer& layer);
  absl::Status AttendAll(float scale);
  absl::Status Finish(absl::Span<const SequenceTask> batch);
  absl::Status ComputeLogits(absl::Span<const SequenceTask> batch);
  // Gathers the rows whose logits are wanted in wide_ and says where those of each go.
  void GatherLogitRows(absl::Span<const SequenceTask> batch);
  void CopyHiddenOfAll(absl::Span<const SequenceTask> batch, int64_t place) const;

  const TokenTable& output_head() const { return untied_head_ ? *untied_head_ : *tokens_; }

  EngineInfo info_;
  ThreadTeam team_;
  Arena weights_;
  std::optional<TokenTable> tokens_;
  std::optional<TokenTable> untied_head_;
  absl::Span<float> positions_;  // [context length, C]
  LayerKernels kernels_;
  std::vector<Layer> layers_;
  LayerNormWeights final_norm_;

  Arena activations_;
  std::optional<LinearRunner> linear_;
  // Rows of the batch, ActivationStride apart, with some to spare for kernels that round their number up.
  int64_t stride_ = 0;          // of C columns
  absl::Span<float> x_;         // [max rows, C], the residual stream
  absl::Span<float> attended_;  // [max rows, C]; after the last layer, the final norm
  absl::Span<float> wide_;      // [max rows, 3C or F], q, k and v, then the feed-forward layer; at last, rows of logits
  std::vector<WorkerScratch> scratch_;  // [threads]
  BatchLayout layout_;
  std::vector<float*> logit_rows_;  // where the logits of each gathered row go
};

}  // namespace attnd

#endif  // ENGINE_MODEL_TRANSFORMER_H_
