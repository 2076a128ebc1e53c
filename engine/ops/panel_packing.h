// Weights in panels: how they are packed, and how single columns are read back.

#ifndef ENGINE_OPS_PANEL_PACKING_H_
#define ENGINE_OPS_PANEL_PACKING_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/ops/linear.h"
#include "engine/tensor/arena.h"
#include "engine/tensor/data_type.h"

namespace attnd {

// Columns of a panel on this CPU.
int64_t PanelWidth();

// Inputs that one step down a bfloat16 panel takes on this CPU: 2 where it multiplies pairs of bfloat16, which inputs
// must then be too, else 1 in float.
int64_t Bfloat16Depth();

// Bytes of one panel of `in` inputs.
int64_t PanelBytes(DataType type, int64_t in);

// `weights` (in * out floats) and `bias` (out floats, or empty) in panels of `type`, in `arena`. Bias, scales and sums
// are padded to whole panels by zeros. Errors: RESOURCE_EXHAUSTED.
absl::StatusOr<PackedLinear> PackPanels(const LinearShape& shape, DataType type, const float* weights,
                                        WeightOrder order, absl::Span<const float> bias, Arena& arena);

// values [in] = column `column` of packed weights, as they are stored.
void ReadPanelColumn(const PackedLinear& layer, DataType type, int64_t in, int64_t column, float* values);

}  // namespace attnd

#endif  // ENGINE_OPS_PANEL_PACKING_H_
