// Where the sequences of a batch lie, and how attention's work on them is cut for the threads.

#ifndef ENGINE_MODEL_BATCH_LAYOUT_H_
#define ENGINE_MODEL_BATCH_LAYOUT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "engine/engine.h"

namespace attnd {

// Some rows of one sequence, for attention to compute for every head.
struct AttentionPiece {
  size_t sequence = 0;
  int64_t first_row = 0;  // in the sequence; a multiple of kAttentionBlockRows
  int64_t last_row = 0;   // exclusive
};

// Sequences are packed row after row, [N, C], without padding.
// Threads: Assign by one; the rest by any afterwards. Keeps its memory from batch to batch.
class BatchLayout {
 public:
  // `thread_count` threads work on each of `head_count` heads of every piece.
  void Assign(absl::Span<const SequenceTask> batch, int64_t head_count, int64_t thread_count);

  int64_t row_count() const { return row_count_; }
  int64_t first_row(size_t sequence) const { return first_rows_[sequence]; }
  // The sequence that row `row` of the batch belongs to.
  size_t SequenceOf(int64_t row) const;

  // All rows of all sequences, those that take longest first. A sequence is cut only as far as the threads need it to
  // end together, for every piece packs keys and values anew.
  absl::Span<const AttentionPiece> attention_pieces() const { return pieces_; }

 private:
  void CutForAttention(absl::Span<const SequenceTask> batch, int64_t head_count, int64_t thread_count);

  std::vector<int64_t> first_rows_;
  std::vector<size_t> longest_first_;
  std::vector<AttentionPiece> pieces_;
  int64_t row_count_ = 0;
};

}  // namespace attnd

#endif  // ENGINE_MODEL_BATCH_LAYOUT_H_
