// The output head: logits = x W^T, with W [V, C] the token embedding or weights of its own.
//
// The vocabulary is cut into chunks of columns, so that the threads share even a single row, and a chunk's logits stay
// in the cache until they are copied to their place.

#ifndef ENGINE_MODEL_OUTPUT_HEAD_H_
#define ENGINE_MODEL_OUTPUT_HEAD_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/model/worker_scratch.h"
#include "engine/ops/linear.h"
#include "engine/tensor/arena.h"

namespace attnd {

// Threads: any, each with its own scratch.
class OutputHead {
 public:
  static constexpr int64_t kChunkColumns = 2048;

  // Packs weights [V, C] into `arena`.
  static absl::StatusOr<OutputHead> Create(absl::Span<const float> weights, int64_t embedding_length, Arena& arena);

  int64_t chunk_count() const { return static_cast<int64_t>(chunks_.size()); }
  int64_t max_rows() const;
  int64_t scratchpad_floats() const;

  // Columns of one chunk, for up to max_rows() rows: logits[i] + first column of the chunk receives those of row i of
  // x [rows, C]. May read rows of x up to kMaxLinearRows.
  void ComputeChunk(int64_t chunk, const float* x, absl::Span<float* const> logits, const WorkerScratch& scratch) const;

 private:
  struct Chunk {
    int64_t first_column = 0;
    const LinearKernel* kernel = nullptr;
    PackedLinear weights;
  };

  OutputHead() = default;

  std::unique_ptr<LinearKernel> full_chunk_;  // [C, kChunkColumns]; null when the vocabulary is smaller
  std::unique_ptr<LinearKernel> last_chunk_;  // [C, what is left]; null when nothing is
  std::vector<Chunk> chunks_;
};

}  // namespace attnd

#endif  // ENGINE_MODEL_OUTPUT_HEAD_H_
