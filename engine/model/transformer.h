// The decoder stack: embeddings, layers, final norm, and what callers ask of the result.

#ifndef ENGINE_MODEL_TRANSFORMER_H_
#define ENGINE_MODEL_TRANSFORMER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/engine.h"
#include "engine/model/layer.h"
#include "engine/model/output_head.h"
#include "engine/model/weight_source.h"
#include "engine/model/worker_scratch.h"
#include "engine/ops/thread_team.h"
#include "engine/tensor/arena.h"

namespace attnd {

struct TransformerOptions {
  int thread_count = 1;             // threads that compute, the caller of Forward among them
  int64_t max_batch_tokens = 2048;  // at least the context length of the model
};

// The engine on oneDNN. Sequences of a batch are packed row after row, without padding; linear layers take the rows in
// slabs, attention takes the sequences one by one.
// Owns: its weights, activations and threads.
class Transformer final : public Engine {
 public:
  // Reads and packs all weights of `source`, compiles the kernels and computes once to touch all memory. `source` is
  // not used afterwards. Errors: those of `source`; INVALID_ARGUMENT when max_batch_tokens is below the context length;
  // RESOURCE_EXHAUSTED when memory is; INTERNAL from oneDNN.
  static absl::StatusOr<std::unique_ptr<Transformer>> Create(const WeightSource& source,
                                                             const TransformerOptions& options);

  const EngineInfo& info() const override { return info_; }

  absl::Status Forward(absl::Span<const SequenceTask> batch) override;

 private:
  // Where the sequences of a batch lie in the packed rows.
  struct Packing {
    std::vector<int64_t> first_row;     // [S]
    std::vector<size_t> longest_first;  // [S], sequences in the order attention takes them
    int64_t row_count = 0;              // N
    int64_t slab_rows = 0;              // rows of all slabs but the last
    int64_t slab_count() const { return (row_count + slab_rows - 1) / slab_rows; }
    int64_t rows_of_slab(int64_t slab) const { return std::min(slab_rows, row_count - slab * slab_rows); }
  };

  explicit Transformer(const TransformerOptions& options) : team_(options.thread_count) {}

  absl::Status LoadWeights(const WeightSource& source);
  absl::Status AllocateActivations();
  absl::Status WarmUp();

  Packing Pack(absl::Span<const SequenceTask> batch) const;
  absl::Status Embed(absl::Span<const SequenceTask> batch, const Packing& packing);
  absl::Status RunLayers(absl::Span<const SequenceTask> batch, const Packing& packing);
  absl::Status ProjectQkv(const Layer& layer, const Packing& packing);
  absl::Status AttendAll(const Layer& layer, absl::Span<const SequenceTask> batch, const Packing& packing);
  absl::Status Finish(absl::Span<const SequenceTask> batch, const Packing& packing);
  absl::Status ComputeLogits(absl::Span<const SequenceTask> batch, const Packing& packing);
  void EmbedSequence(const SequenceInput& input, float* x) const;
  void FinishSequence(const SequenceTask& task, const float* x, float* final_rows) const;
  // Copies the rows asked for at `place` (HiddenSelection::layer) out of `rows` [T, C].
  void CopyHidden(const SequenceTask& task, int64_t place, const float* rows) const;

  EngineInfo info_;
  ThreadTeam team_;
  Arena weights_;
  absl::Span<float> token_embedding_;     // [V, C]
  absl::Span<float> position_embedding_;  // [context length, C]
  LayerKernels kernels_;
  std::vector<Layer> layers_;
  LayerNormWeights final_norm_;
  std::optional<OutputHead> head_;

  Arena activations_;
  // Rows of the batch, with kMaxLinearRows to spare so that the last slab may be rounded up.
  absl::Span<float> x_;                 // [max batch tokens + kMaxLinearRows, C], the residual stream
  absl::Span<float> qkv_;               // [max batch tokens + kMaxLinearRows, 3C]
  absl::Span<float> attended_;          // [max batch tokens + kMaxLinearRows, C]
  absl::Span<float> final_;             // [max batch tokens + kMaxLinearRows, C], after the final norm
  std::vector<WorkerScratch> scratch_;  // [threads]
};

}  // namespace attnd

#endif  // ENGINE_MODEL_TRANSFORMER_H_
