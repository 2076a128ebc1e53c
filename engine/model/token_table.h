// A vector for every token [V, C], packed once for both its uses: the token embedding reads rows of it, the output head
// multiplies hidden states with all of it, logits = x W^T.

#ifndef ENGINE_MODEL_TOKEN_TABLE_H_
#define ENGINE_MODEL_TOKEN_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/model/weight_source.h"
#include "engine/ops/panel_linear.h"
#include "engine/tensor/arena.h"
#include "engine/tensor/data_type.h"

namespace attnd {

// Threads: any.
class TokenTable {
 public:
  // Columns of logits computed at a time, so that the threads share even a single row.
  static constexpr int64_t kChunkColumns = 1024;
  static constexpr int64_t kMaxRows = 96;

  // The tensor `name` [V, C] of `source`, packed as `type` into `arena` and tried (CheckProduct).
  static absl::StatusOr<TokenTable> Load(const WeightSource& source, const std::string& name, DataType type,
                                         Arena& arena);

  // row [C] = the vector of token `id`, as stored.
  void Read(int64_t id, float* row) const { kernel_.ReadColumn(weights_, id, row); }

  int64_t chunk_count() const { return (kernel_.shape().out + kChunkColumns - 1) / kChunkColumns; }

  // Bytes of a hidden state as ComputeLogits reads it: at most ActivationStride(C) floats.
  int64_t prepared_row_bytes() const { return kernel_.input_row_bytes(); }
  // prepared [prepared_row_bytes()] = what ComputeLogits reads for the hidden state x [C].
  void PrepareRow(const float* x, std::byte* prepared) const;

  // Logits of one chunk of tokens for up to kMaxRows rows: logits[i] + first token of the chunk receives those of row i
  // of `prepared` [rows, prepared_row_bytes()]. `scratch` holds kMaxRows * kChunkColumns.
  void ComputeLogits(int64_t chunk, const std::byte* prepared, absl::Span<float* const> logits, float* scratch) const;

  std::string implementation() const { return kernel_.implementation(); }

 private:
  TokenTable(const LinearShape& shape, DataType type) : kernel_(shape, type) {}

  PanelLinear kernel_;
  PackedLinear weights_;
};

}  // namespace attnd

#endif  // ENGINE_MODEL_TOKEN_TABLE_H_
