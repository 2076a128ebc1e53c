// Causal multi-head attention of one head of one sequence: softmax(scale q k^T + causal mask) v (Vaswani et al. 2017).

#ifndef ENGINE_OPS_ATTENTION_H_
#define ENGINE_OPS_ATTENTION_H_

#include <cstddef>
#include <cstdint>

#include "engine/tensor/data_type.h"

namespace attnd {

// The type in which attention multiplies beside weights of a type: bfloat16 beside narrower weights than float, where
// the CPU multiplies pairs of bfloat16 into float sums, else float. The softmax is in float always.
DataType AttentionType(DataType weights);

// One head of a sequence of T tokens. Row strides are in elements.
struct AttentionHead {
  DataType type = DataType::kFloat32;  // as AttentionType gives it
  int64_t head_length = 0;             // D
  const float* q = nullptr;            // [T, D], row stride input_stride; k and v likewise
  const float* k = nullptr;
  const float* v = nullptr;
  int64_t input_stride = 0;
  std::byte* out = nullptr;  // [T, D], row stride output_stride
  int64_t output_stride = 0;
  DataType output_type = DataType::kFloat32;  // or bfloat16
  float scale = 1;
};

// Query rows computed together; ranges of rows start at a multiple of it.
inline constexpr int64_t kAttentionBlockRows = 24;

// Floats of scratch that Attend needs for sequences of at most `token_count` tokens.
int64_t AttentionScratchFloats(DataType type, int64_t token_count, int64_t head_length);

// Computes rows [first_row, last_row) of one head. Scores right of the diagonal are not computed, but for the few that
// share a register or a group of rows with it. The bytes of row i depend on rows 0..i alone, not on the range, as
// long as the rows of its group are finite: a NaN in v times its weight, zero, is NaN. Threads: any, each with its own
// `scratch` of AttentionScratchFloats, 64-byte aligned.
void Attend(const AttentionHead& head, int64_t first_row, int64_t last_row, float* scratch);

}  // namespace attnd

#endif  // ENGINE_OPS_ATTENTION_H_
