// Layer normalisation (Ba, Kiros, Hinton 2016): y = (x - mean(x)) / sqrt(var(x) + epsilon) * gain + bias, row by row,
// with the biased variance.

#ifndef ENGINE_OPS_LAYER_NORM_H_
#define ENGINE_OPS_LAYER_NORM_H_

#include <cstdint>

#include "absl/types/span.h"

namespace attnd {

struct LayerNormWeights {
  absl::Span<const float> gain;  // [C]
  absl::Span<const float> bias;  // [C]
  float epsilon = 0;
};

// x [rows, C] -> y [rows, C], where C is the size of gain and bias, with `stride` floats from row to row of both. x and
// y may be the same. Threads: any.
void LayerNorm(const LayerNormWeights& weights, int64_t rows, const float* x, float* y, int64_t stride);

}  // namespace attnd

#endif  // ENGINE_OPS_LAYER_NORM_H_
