#include "engine/model/output_head.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace attnd {
namespace {

// The kernel for chunks of `columns`, null for none.
absl::StatusOr<std::unique_ptr<LinearKernel>> CreateKernel(int64_t embedding_length, int64_t columns) {
  if (columns == 0) return nullptr;
  return LinearKernel::Create({.in = embedding_length, .out = columns, .has_bias = false});
}

}  // namespace

absl::StatusOr<OutputHead> OutputHead::Create(absl::Span<const float> weights, int64_t embedding_length, Arena& arena) {
  const int64_t vocabulary_size = static_cast<int64_t>(weights.size()) / embedding_length;
  auto full_chunk = CreateKernel(embedding_length, vocabulary_size >= kChunkColumns ? kChunkColumns : 0);
  if (!full_chunk.ok()) return full_chunk.status();
  auto last_chunk = CreateKernel(embedding_length, vocabulary_size % kChunkColumns);
  if (!last_chunk.ok()) return last_chunk.status();

  OutputHead head;
  head.full_chunk_ = *std::move(full_chunk);
  head.last_chunk_ = *std::move(last_chunk);
  for (int64_t column = 0; column < vocabulary_size; column += kChunkColumns) {
    const bool full = column + kChunkColumns <= vocabulary_size;
    const LinearKernel* kernel = full ? head.full_chunk_.get() : head.last_chunk_.get();
    auto packed = kernel->Pack(weights.data() + column * embedding_length, WeightOrder::kOutIn, {}, arena);
    if (!packed.ok()) return packed.status();
    head.chunks_.push_back({.first_column = column, .kernel = kernel, .weights = *packed});
  }
  return head;
}

int64_t OutputHead::max_rows() const {
  const int64_t full = full_chunk_ ? full_chunk_->max_rows() : kMaxLinearRows;
  const int64_t last = last_chunk_ ? last_chunk_->max_rows() : kMaxLinearRows;
  return std::min(full, last);
}

int64_t OutputHead::scratchpad_floats() const {
  const int64_t full = full_chunk_ ? full_chunk_->scratchpad_floats() : 0;
  const int64_t last = last_chunk_ ? last_chunk_->scratchpad_floats() : 0;
  return std::max(full, last);
}

void OutputHead::ComputeChunk(int64_t chunk, const float* x, absl::Span<float* const> logits,
                              const WorkerScratch& scratch) const {
  const Chunk& part = chunks_[static_cast<size_t>(chunk)];
  const int64_t columns = part.kernel->shape().out;
  part.kernel->Run(static_cast<int64_t>(logits.size()), x, part.weights, scratch.logits, scratch.linear_scratchpad);
  const float* row = scratch.logits;
  for (float* destination : logits) {
    std::copy_n(row, columns, destination + part.first_column);
    row += columns;
  }
}

}  // namespace attnd
