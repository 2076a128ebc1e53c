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
#include "engine/model/model_weights.h"
#include "engine/model/output_head.h"
#include "engine/ops/thread_team.h"
#include "engine/tensor/arena.h"

namespace attnd {

struct TransformerOptions {
  int thread_count = 1;             // threads that compute, the caller of Forward among them
  std::vector<int> cpus;            // its own threads stay on these; none: on any
  int64_t max_batch_tokens = 2048;  // at least the context length of the model
};

// The engine on this machine's CPU. Sequences of a batch are packed row after row, without padding; linear layers take
// the rows in tiles, attention takes the sequences head by head. A forward pass allocates nothing but room for outputs
// that are larger than before.
// Owns: its activations and threads. Shares: the weights.
class Transformer final : public Engine {
 public:
  // Allocates what the largest batch takes and computes once to touch all memory. Errors: INVALID_ARGUMENT when
  // max_batch_tokens is below the context length; RESOURCE_EXHAUSTED when memory is.
  static absl::StatusOr<std::unique_ptr<Transformer>> Create(std::shared_ptr<const ModelWeights> weights,
                                                             const TransformerOptions& options);

  const EngineInfo& info() const override { return info_; }

  using Engine::Forward;
  absl::Status Forward(absl::Span<const SequenceTask> batch, absl::FunctionRef<bool()> is_abandoned) override;

 private:
  // What a worker needs for itself.
  struct WorkerScratch {
    float* attention = nullptr;  // AttentionScratchFloats
  };

  Transformer(std::shared_ptr<const ModelWeights> weights, const TransformerOptions& options);

  absl::Status AllocateActivations();
  absl::Status WarmUp();

  absl::Status Embed(absl::Span<const SequenceTask> batch);
  void EmbedRow(const SequenceInput& input, int64_t position, float* row) const;
  absl::Status RunLayer(const Layer& layer);
  absl::Status AttendAll(float scale);
  // Adds projection(activations) to the residual stream; `activations` are of LayerKernels::activation_type.
  absl::Status Project(const LinearLayer& projection, absl::Span<float> activations);
  absl::Status Finish(absl::Span<const SequenceTask> batch);
  void CopyHiddenOfAll(absl::Span<const SequenceTask> batch, int64_t place) const;

  const std::shared_ptr<const ModelWeights> weights_;
  EngineInfo info_;
  const DataType attention_type_;
  ThreadTeam team_;

  Arena activations_;
  std::optional<LinearRunner> linear_;
  std::optional<OutputHead> output_head_;
  // Rows of the batch, ActivationStride apart, with some to spare for kernels that round their number up. What
  // projections read is of LayerKernels::activation_type and lies in the room of floats.
  int64_t stride_ = 0;          // of C columns
  absl::Span<float> x_;         // [max rows, C], the residual stream
  absl::Span<float> attended_;  // [max rows, C]; after the last layer, the final norm
  // [max rows, 3C or F]: q, k and v, then the feed-forward layer; at last, what the output head reads.
  absl::Span<float> wide_;
  std::vector<WorkerScratch> scratch_;  // [threads]
  BatchLayout layout_;
};

}  // namespace attnd

#endif  // ENGINE_MODEL_TRANSFORMER_H_
