// Causal multi-head attention of one head of one sequence: softmax(scale q k^T + causal mask) v (Vaswani et al. 2017).

#ifndef ENGINE_OPS_ATTENTION_H_
#define ENGINE_OPS_ATTENTION_H_

#include <cstdint>

namespace attnd {

// The head h of a sequence of T tokens. Row strides are in floats.
struct AttentionHead {
  int64_t token_count = 0;   // T
  int64_t head_length = 0;   // D
  const float* q = nullptr;  // [T, D], row stride input_stride; k and v likewise
  const float* k = nullptr;
  const float* v = nullptr;
  int64_t input_stride = 0;
  float* out = nullptr;  // [T, D], row stride output_stride
  int64_t output_stride = 0;
  float scale = 1;
};

// Floats of scratch that Attend needs for sequences of at most `token_count` tokens.
int64_t AttentionScratchSize(int64_t token_count, int64_t head_length);

// Computes one head. Scores right of the diagonal are not computed, but for the few that share a register or a block of
// rows with it. The result of row i depends on rows 0..i alone, bit by bit. Threads: any, each with its own `scratch`
// of AttentionScratchSize floats, 64-byte aligned.
void Attend(const AttentionHead& head, float* scratch);

}  // namespace attnd

#endif  // ENGINE_OPS_ATTENTION_H_
