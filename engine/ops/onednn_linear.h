// Linear layers on oneDNN's bfloat16 matmul, which reads packed weights on AVX-512 and AMX.

#ifndef ENGINE_OPS_ONEDNN_LINEAR_H_
#define ENGINE_OPS_ONEDNN_LINEAR_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/ops/linear.h"
#include "engine/tensor/arena.h"

namespace attnd {

// oneDNN compiles a primitive for one number of rows and columns. A kernel holds primitives for chunks of kChunkColumns
// columns and what is left of them, and for some numbers of rows; any other is rounded up to the next of them, the rows
// beyond it computed and never read. Among the numbers tried it keeps those at which a row gets the same bytes whatever
// its place and its company, which oneDNN does not promise (docs/decisions/0003). Inputs and weights are rounded to
// bfloat16; everything is added up in float.
class OneDnnLinear final : public LinearKernel {
 public:
  static constexpr int64_t kChunkColumns = 192;

  // Errors: INTERNAL from oneDNN.
  static absl::StatusOr<std::unique_ptr<OneDnnLinear>> Create(const LinearShape& shape);
  ~OneDnnLinear() override;

  absl::StatusOr<PackedLinear> Pack(const float* weights, WeightOrder order, absl::Span<const float> bias,
                                    Arena& arena) const override;
  int64_t converted_row_bytes() const override;
  void ConvertRows(int64_t rows, const float* x, std::byte* converted) const override;
  void Run(const LinearTile& tile, const PackedLinear& layer, std::byte* scratchpad) const override;

  int64_t column_step() const override { return kChunkColumns; }
  int64_t TileRows(int64_t rows) const override;
  int64_t RowsTouched(int64_t rows) const override;
  int64_t scratchpad_bytes() const override;
  // oneDNN's own name, such as "brg_matmul:avx512_core".
  std::string implementation() const override;

  // The numbers of rows there are primitives for, ascending.
  const std::vector<int64_t>& row_counts() const { return row_counts_; }

 private:
  struct Chunk;

  explicit OneDnnLinear(const LinearShape& shape);

  // The primitives for a chunk of `columns` columns.
  absl::StatusOr<std::unique_ptr<Chunk>> CreateChunk(int64_t columns) const;
  // Keeps the row counts at which every chunk gives a row the same bytes at every place.
  absl::Status KeepInvariantRowCounts();
  absl::StatusOr<std::vector<int64_t>> InvariantRowCounts(const Chunk& chunk) const;
  absl::Status PackChunk(const Chunk& chunk, const float* weights, std::byte* packed) const;
  void RunChunk(const Chunk& chunk, int64_t rows, const std::byte* x, const std::byte* weights, const float* bias,
                std::byte* y, std::byte* scratchpad) const;

  std::unique_ptr<Chunk> full_;  // null when there are fewer columns
  std::unique_ptr<Chunk> last_;  // null when nothing is left
  std::vector<int64_t> row_counts_;
};

}  // namespace attnd

#endif  // ENGINE_OPS_ONEDNN_LINEAR_H_
