// Linear layers on our own vector code: weights in panels of a few vectors of columns, read once in order while a block
// of rows is multiplied with each. Float, bfloat16 and int8 weights, on every instruction set.

#ifndef ENGINE_OPS_PANEL_LINEAR_H_
#define ENGINE_OPS_PANEL_LINEAR_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/ops/linear.h"
#include "engine/tensor/arena.h"
#include "engine/tensor/data_type.h"

namespace attnd {

// Inputs of bfloat16 weights are rounded to it where the CPU multiplies pairs of it, else they stay in float. Those of
// int8 weights are quantised row by row as they come, to 8 bits between the row's smallest and largest value; the
// weights output by output to 8 bits of either sign. The scheme is that of Jacob et al. 2018 with the range taken from
// the row at hand.
class PanelLinear final : public LinearKernel {
 public:
  PanelLinear(const LinearShape& shape, DataType type);

  absl::StatusOr<PackedLinear> Pack(const float* weights, WeightOrder order, absl::Span<const float> bias,
                                    Arena& arena) const override;
  int64_t converted_row_bytes() const override;
  void ConvertRows(int64_t rows, const float* x, std::byte* converted) const override;
  void Run(const LinearTile& tile, const PackedLinear& layer, std::byte* scratchpad) const override;

  int64_t column_step() const override;
  int64_t TileRows(int64_t rows) const override;
  int64_t RowsTouched(int64_t rows) const override { return rows; }
  int64_t scratchpad_bytes() const override { return 0; }
  std::string implementation() const override;

  // values [in] = column `column` of the weights, as stored: so an output head serves as embedding too.
  void ReadColumn(const PackedLinear& layer, int64_t column, float* values) const;

 private:
  DataType type_;
};

}  // namespace attnd

#endif  // ENGINE_OPS_PANEL_LINEAR_H_
