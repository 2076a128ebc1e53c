#include "engine/model/token_table.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "engine/model/layer.h"
#include "engine/model/product_check.h"

namespace attnd {

absl::StatusOr<TokenTable> TokenTable::Load(const WeightSource& source, const std::string& name, DataType type,
                                            Arena& arena) {
  const int64_t v = source.config().vocabulary_size;
  const int64_t c = source.config().embedding_length;
  std::vector<float> weights(static_cast<size_t>(v * c));
  if (auto status = source.Read(name, absl::MakeSpan(weights)); !status.ok()) return status;
  TokenTable table({.in = c, .out = v, .in_stride = ActivationStride(c), .out_stride = kChunkColumns}, type);
  auto packed = table.kernel_.Pack(weights.data(), WeightOrder::kOutIn, {}, arena);
  if (!packed.ok()) return packed.status();
  table.weights_ = *packed;
  if (auto status = CheckProduct(table.kernel_, *packed, {weights.data(), WeightOrder::kOutIn, {}}, name);
      !status.ok()) {
    return status;
  }
  return table;
}

void TokenTable::PrepareRow(const float* x, std::byte* prepared) const {
  if (kernel_.converted_row_bytes() > 0) {
    kernel_.ConvertRows(1, x, prepared);
  } else {
    std::copy_n(x, kernel_.shape().in, reinterpret_cast<float*>(prepared));
  }
}

void TokenTable::ComputeLogits(int64_t chunk, const std::byte* prepared, absl::Span<float* const> logits,
                               float* scratch) const {
  const int64_t first = chunk * kChunkColumns;
  const int64_t columns = std::min(kChunkColumns, kernel_.shape().out - first);
  kernel_.Run({.rows = static_cast<int64_t>(logits.size()),
               .first_column = first,
               .columns = columns,
               .x = prepared,
               .y = reinterpret_cast<std::byte*>(scratch)},
              weights_, nullptr);
  for (float* destination : logits) {
    std::copy_n(scratch, columns, destination + first);
    scratch += kChunkColumns;
  }
}

}  // namespace attnd
