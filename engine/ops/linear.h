// Linear layers y = f(x W + b) through oneDNN's matmul, with weights packed once and bias, GELU or the residual
// addition fused into the product.

#ifndef ENGINE_OPS_LINEAR_H_
#define ENGINE_OPS_LINEAR_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/tensor/arena.h"

namespace attnd {

// What happens to x W + b.
enum class Epilogue { kStore, kGeluTanh, kGeluErf, kAddToOutput };

struct LinearShape {
  int64_t in = 0;
  int64_t out = 0;
  Epilogue epilogue = Epilogue::kStore;
  bool has_bias = true;
};

// How weights lie in memory before packing.
enum class WeightOrder {
  kInOut,  // [in, out] row-major, as GPT-2's Conv1D keeps them
  kOutIn,  // [out, in] row-major, as an embedding used as output head
};

// Weights of one layer in the layout its kernel reads.
struct PackedLinear {
  const float* weights = nullptr;
  const float* bias = nullptr;  // [out]; not read when the shape has no bias
};

// Most rows computed by one call.
inline constexpr int64_t kMaxLinearRows = 128;

// The compiled code of one LinearShape, shared by all layers of that shape. oneDNN compiles a primitive for one number
// of rows; a kernel holds primitives for some numbers of rows and rounds any other up to the next of them, the rows
// beyond it computed and never read. Among the numbers tried it keeps those at which a row gets the same bytes whatever
// its place and its company: batch invariance rests on this, and oneDNN does not promise it (docs/decisions/0003).
// Threads: Run by any inside a ComputeThreadScope, each with its own scratchpad; the rest by any. Errors: INTERNAL from
// oneDNN.
class LinearKernel {
 public:
  static absl::StatusOr<std::unique_ptr<LinearKernel>> Create(const LinearShape& shape);
  ~LinearKernel();

  // Copies `weights` (in * out floats) and `bias` (out floats, or empty) into `arena`, packed.
  absl::StatusOr<PackedLinear> Pack(const float* weights, WeightOrder order, absl::Span<const float> bias,
                                    Arena& arena) const;

  // x [rows, in] -> y [rows, out], rows in [1, max_rows()]. Reads and writes RoundUpRows(rows) rows of x and y.
  // `scratchpad` holds scratchpad_floats(), 64-byte aligned. oneDNN reports failure by throwing dnnl::error; see
  // ThreadTeam for where it is caught.
  void Run(int64_t rows, const float* x, const PackedLinear& layer, float* y, float* scratchpad) const;

  // The numbers of rows there are primitives for, ascending.
  const std::vector<int64_t>& row_counts() const { return row_counts_; }
  int64_t max_rows() const { return row_counts_.back(); }
  int64_t RoundUpRows(int64_t rows) const { return *std::lower_bound(row_counts_.begin(), row_counts_.end(), rows); }

  const LinearShape& shape() const { return shape_; }
  int64_t scratchpad_floats() const;
  // oneDNN's name of the implementation, such as "brg_matmul:avx512_core".
  std::string implementation() const;

 private:
  struct Primitives;

  LinearKernel(const LinearShape& shape, std::unique_ptr<Primitives> primitives);

  // Keeps the primitives that give a row the same bytes at every place.
  absl::Status KeepInvariantRowCounts();

  LinearShape shape_;
  std::vector<int64_t> row_counts_;
  std::unique_ptr<Primitives> primitives_;
};

}  // namespace attnd

#endif  // ENGINE_OPS_LINEAR_H_
