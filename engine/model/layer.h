// One layer of the stack: x += proj(attention(ln_1(x))), then x += proj(gelu(fc(ln_2(x)))).
//
// A layer is two stretches in which every row goes its own way, with attention, where rows of a sequence meet, between
// them. A stretch takes up to kMaxLinearRows rows at a time, so that they stay in the cache from step to step. It reads
// and writes whole row counts of its kernels: where `rows` is none of LayerKernels::row_counts, some rows beyond.

#ifndef ENGINE_MODEL_LAYER_H_
#define ENGINE_MODEL_LAYER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/model/config.h"
#include "engine/model/weight_source.h"
#include "engine/model/worker_scratch.h"
#include "engine/ops/layer_norm.h"
#include "engine/ops/linear.h"
#include "engine/tensor/arena.h"

namespace attnd {

// The compiled linear layers that all layers share.
struct LayerKernels {
  // INTERNAL when oneDNN fails, or when the kernels have no number of rows in common.
  static absl::StatusOr<LayerKernels> Create(const ModelConfig& config);

  // Of the largest of them.
  int64_t scratchpad_floats() const;

  std::unique_ptr<LinearKernel> qkv;                      // [C, 3C]
  std::unique_ptr<LinearKernel> attention_projection;     // [C, C], adds to the residual
  std::unique_ptr<LinearKernel> feed_forward;             // [C, F], then GELU
  std::unique_ptr<LinearKernel> feed_forward_projection;  // [F, C], adds to the residual
  std::vector<int64_t> row_counts;                        // that all of them have primitives for, ascending
};

// The gain and bias named `name`.weight and `name`.bias, copied into `arena`.
absl::StatusOr<LayerNormWeights> LoadLayerNorm(const WeightSource& source, const std::string& name, Arena& arena);

// Threads: any, each with its own scratch.
class Layer {
 public:
  // Layer `index` of `source`, packed into `arena`. `kernels` must outlive the layer.
  static absl::StatusOr<Layer> Load(const WeightSource& source, int64_t index, const LayerKernels& kernels,
                                    Arena& arena);

  // First stretch: qkv [rows, 3C] = c_attn(ln_1(x [rows, C])).
  void ProjectQkv(int64_t rows, const float* x, float* qkv, const WorkerScratch& scratch) const;

  // Second stretch: x [rows, C] += c_proj(attended [rows, C]), then x += c_proj(gelu(c_fc(ln_2(x)))).
  void AddSublayers(int64_t rows, const float* attended, float* x, const WorkerScratch& scratch) const;

  // What attention scores are multiplied by.
  float attention_scale() const { return attention_scale_; }

 private:
  Layer() = default;

  const LayerKernels* kernels_ = nullptr;
  LayerNormWeights ln_1_;
  PackedLinear qkv_;
  PackedLinear attention_projection_;
  LayerNormWeights ln_2_;
  PackedLinear feed_forward_;
  PackedLinear feed_forward_projection_;
  float attention_scale_ = 1;
};

}  // namespace attnd

#endif  // ENGINE_MODEL_LAYER_H_
