// From the final hidden states of a sequence to one vector.

#ifndef ENGINE_OPS_POOLING_H_
#define ENGINE_OPS_POOLING_H_

#include <cstdint>

#include "absl/types/span.h"

namespace attnd {

// mean[c] = sum over rows of x[row, c] / rows, summed in double. x [rows, at least C] with `stride` floats from row to
// row, mean [C]. Threads: any.
void MeanOfRows(const float* x, int64_t rows, int64_t stride, absl::Span<float> mean);

// The same with the weight of a row its place counted from 1, so that rows that have seen more tokens weigh more:
// mean[c] = sum over rows of (row + 1) x[row, c] / (rows (rows + 1) / 2). Muennighoff, SGPT, 2022. Threads: any.
void WeightedMeanOfRows(const float* x, int64_t rows, int64_t stride, absl::Span<float> mean);

// Scales to unit Euclidean length; a vector of length zero stays zero. Threads: any.
void NormalizeToUnitLength(absl::Span<float> vector);

}  // namespace attnd

#endif  // ENGINE_OPS_POOLING_H_
