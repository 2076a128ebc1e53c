// One layer of the stack: x += proj(attention(ln_1(x))), then x += proj(gelu(fc(ln_2(x)))).

#ifndef ENGINE_MODEL_LAYER_H_
#define ENGINE_MODEL_LAYER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/model/config.h"
#include "engine/model/linear_layer.h"
#include "engine/model/weight_source.h"
#include "engine/ops/layer_norm.h"
#include "engine/ops/linear.h"
#include "engine/tensor/arena.h"
#include "engine/tensor/data_type.h"

namespace attnd {

// Elements from row to row of activations with `columns` columns: whole cache lines, one more than needed, lest the
// rows that a kernel reads together share the same sets of the cache. Of bfloat16 what Bfloat16RowBytes says in bytes.
constexpr int64_t ActivationStride(int64_t columns, DataType type = DataType::kFloat32) {
  const int64_t line = 64 / DataTypeBytes(type);
  return (columns + line - 1) / line * line + line;
}

// A linear layer between activations.
LinearShape LayerShape(int64_t in, int64_t out, Epilogue epilogue, DataType out_type = DataType::kFloat32);

// The code of the linear layers, shared by all layers of the stack.
struct LayerKernels {
  // For weights of `type`.
  static LayerKernels Create(const ModelConfig& config, DataType type);

  std::vector<const LinearKernel*> all() const;

  // What attention and the feed-forward layer hand to their projections: bfloat16 where those multiply it and lengths
  // are even, else float. Its rows lie ActivationStride apart, in bfloat16 as the projections read them.
  DataType activation_type = DataType::kFloat32;
  std::unique_ptr<LinearKernel> qkv;                      // [C, 3C]
  std::unique_ptr<LinearKernel> attention_projection;     // [C, C], adds to the residual
  std::unique_ptr<LinearKernel> feed_forward;             // [C, F], then GELU, in activation_type
  std::unique_ptr<LinearKernel> feed_forward_projection;  // [F, C], adds to the residual
};

// The weights of one layer. Threads: any.
struct Layer {
  // Layer `index` of `source`, packed into `arena`. `kernels` must outlive the layer.
  static absl::StatusOr<Layer> Load(const WeightSource& source, int64_t index, const LayerKernels& kernels,
                                    Arena& arena);

  LayerNormWeights ln_1;
  LinearLayer qkv;
  LinearLayer attention_projection;
  LayerNormWeights ln_2;
  LinearLayer feed_forward;
  LinearLayer feed_forward_projection;
  float attention_scale = 1;  // what attention scores are multiplied by
};

}  // namespace attnd

#endif  // ENGINE_MODEL_LAYER_H_
