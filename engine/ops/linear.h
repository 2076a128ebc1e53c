// Linear layers y = f(x W + b), with weights packed once and bias, GELU or the residual addition fused into the
// product.
//
// A product is cut into tiles, some rows times some columns, so that threads can share one of any shape. Letters as in
// engine/model/config.h; strides count elements unless they say bytes.

#ifndef ENGINE_OPS_LINEAR_H_
#define ENGINE_OPS_LINEAR_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/tensor/arena.h"
#include "engine/tensor/data_type.h"

namespace attnd {

// What happens to x W + b.
enum class Epilogue { kStore, kGeluTanh, kGeluErf, kAddToOutput };

struct LinearShape {
  int64_t in = 0;
  int64_t out = 0;
  int64_t in_stride = 0;   // from one row of x, in floats, to the next
  int64_t out_stride = 0;  // from one row of y to the next
  Epilogue epilogue = Epilogue::kStore;
  bool has_bias = true;
  // Of y: float, or bfloat16, which only kernels that read rows of it write, and never added to.
  DataType out_type = DataType::kFloat32;

  int64_t out_row_bytes() const { return out_stride * DataTypeBytes(out_type); }
};

// How weights lie in memory before packing.
enum class WeightOrder {
  kInOut,  // [in, out] row-major, as GPT-2's Conv1D keeps them
  kOutIn,  // [out, in] row-major, as an embedding used as output head
};

// Weights of one layer in the layout its kernel reads.
struct PackedLinear {
  const std::byte* weights = nullptr;
  const float* bias = nullptr;  // [out], zeros when the shape has no bias
  // Of int8 weights, one an output: what a weight is multiplied by, and the sum of the weights after that.
  const float* scales = nullptr;
  const float* sums = nullptr;
};

// Rows [0, rows) and columns [first_column, first_column + columns) of a product.
struct LinearTile {
  int64_t rows = 0;              // at most TileRows of the whole
  int64_t first_column = 0;      // a multiple of column_step()
  int64_t columns = 0;           // a multiple of it, or up to the last column
  const std::byte* x = nullptr;  // row 0: floats, or what ConvertRows made of them
  std::byte* y = nullptr;        // row 0, column first_column
};

// The code of one LinearShape for one type of weights, shared by all layers of that shape. The bytes of a row depend on
// neither the other rows nor the tile it is computed in: batch invariance rests on this.
// Threads: Run by any inside a ComputeThreadScope, each with its own scratchpad; the rest by any.
class LinearKernel {
 public:
  // The fastest code there is for `shape` on this CPU.
  static std::unique_ptr<LinearKernel> Create(const LinearShape& shape, DataType type);
  virtual ~LinearKernel() = default;

  // Copies `weights` (in * out floats) and `bias` (out floats, or empty) into `arena`, packed and in the kernel's type.
  virtual absl::StatusOr<PackedLinear> Pack(const float* weights, WeightOrder order, absl::Span<const float> bias,
                                            Arena& arena) const = 0;

  // Bytes of a row of x that ConvertRows writes; 0 where Run reads rows of floats, in_stride apart.
  virtual int64_t converted_row_bytes() const = 0;

  // Bytes from one row of what Run reads to the next.
  int64_t input_row_bytes() const {
    const int64_t converted = converted_row_bytes();
    return converted > 0 ? converted : shape_.in_stride * static_cast<int64_t>(sizeof(float));
  }

  // x [rows, in] -> converted [rows, converted_row_bytes()]. Only where that is not 0.
  virtual void ConvertRows(int64_t rows, const float* x, std::byte* converted) const = 0;

  // Computes one tile. `scratchpad` holds scratchpad_bytes(), 64-byte aligned. Errors: exceptions of oneDNN; see
  // ThreadTeam for where they are caught.
  virtual void Run(const LinearTile& tile, const PackedLinear& layer, std::byte* scratchpad) const = 0;

  // Tiles begin at multiples of this many columns.
  virtual int64_t column_step() const = 0;
  // Rows of every tile but the last, which may have fewer, when `rows` are cut into tiles.
  virtual int64_t TileRows(int64_t rows) const = 0;
  // Rows of x and y that a tile of `rows` rows reads and writes: `rows`, or what a kernel rounds it up to.
  virtual int64_t RowsTouched(int64_t rows) const = 0;

  virtual int64_t scratchpad_bytes() const = 0;
  // Such as "brg_matmul:avx512_core" or "panels:AVX2".
  virtual std::string implementation() const = 0;

  const LinearShape& shape() const { return shape_; }

 protected:
  explicit LinearKernel(const LinearShape& shape) : shape_(shape) {}

 private:
  LinearShape shape_;
};

}  // namespace attnd

#endif  // ENGINE_OPS_LINEAR_H_
