// Makes a model deeper without changing what it computes.

#ifndef ENGINE_CHECKPOINT_GROW_LAYERS_H_
#define ENGINE_CHECKPOINT_GROW_LAYERS_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "engine/model/weight_source.h"

namespace attnd {

// Where new layers go: behind all others, or spread evenly among them.
enum class NewLayers { kEnd, kSpread };

// The weights of `source` with new layers up to `layer_count` in all. A new layer is a copy of the one before it whose
// output projections, attn.c_proj and mlp.c_proj, are zero, weights and biases: it adds zero to the residual stream, so
// that in float32 the deeper model computes what `source` does to the last bit, and training can start from there. With
// as many layers as `source` has it is `source` itself. Errors: INVALID_ARGUMENT when there are more in `source`, when
// ValidateConfig refuses the number, or when layers are to be spread in a model whose attention depends on their number
// (scale_attn_by_inverse_layer_idx).
absl::StatusOr<std::unique_ptr<WeightSource>> GrowLayers(std::unique_ptr<WeightSource> source, int64_t layer_count,
                                                         NewLayers place);

}  // namespace attnd

#endif  // ENGINE_CHECKPOINT_GROW_LAYERS_H_
