#include "engine/ops/panel_packing.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/tensor/float_conversion.h"

// Highway compiles the rest of this file once for every instruction set it may find at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/ops/panel_packing.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
// Needs highway.h before it.
#include "engine/ops/panel_product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace attnd::HWY_NAMESPACE {

int64_t ColumnsOfPanel() { return static_cast<int64_t>(PanelColumns()); }
bool AddsPairsIn16Bits() { return Int8Format::kAddsPairsIn16Bits; }
int64_t DepthOfBfloat16() { return static_cast<int64_t>(Bfloat16Format::kDepth); }

}  // namespace attnd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attnd {
namespace {

HWY_EXPORT(ColumnsOfPanel);
HWY_EXPORT(AddsPairsIn16Bits);
HWY_EXPORT(DepthOfBfloat16);

// As the formats of panel_product-inl.h have them.
constexpr int64_t kVectors = 2;
constexpr int64_t kInt8Depth = 4;

int64_t RoundUp(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

// Where input k of column j stands in a panel of which a step takes `depth` inputs, one after the other.
int64_t PositionAtDepth(int64_t depth, int64_t k, int64_t j, int64_t width) {
  return (k / depth * width + j) * depth + k % depth;
}

// Where input k of column j stands in a bfloat16 panel: beside the next input of the column where the CPU multiplies
// pairs of them, else beside the input k of the column one vector further.
int64_t Bfloat16Position(int64_t depth, int64_t k, int64_t j, int64_t width) {
  if (depth > 1) return PositionAtDepth(depth, k, j, width);
  const int64_t lanes = width / kVectors;
  return k * width + j % lanes * kVectors + j / lanes;
}

int64_t Int8Position(int64_t k, int64_t j, int64_t width) { return PositionAtDepth(kInt8Depth, k, j, width); }

// One panel to be packed: weights [in, width] as floats, zeros beyond the last column; and where it goes.
struct PanelSource {
  absl::Span<const float> weights;
  int64_t in;
  int64_t width;
  std::byte* packed;
  float* scales;
  float* sums;

  float at(int64_t k, int64_t j) const { return weights[static_cast<size_t>(k * width + j)]; }
};

void PackFloat(const PanelSource& source) {
  std::copy(source.weights.begin(), source.weights.end(), reinterpret_cast<float*>(source.packed));
}

void PackBfloat16(const PanelSource& source) {
  const int64_t depth = Bfloat16Depth();
  auto* packed = reinterpret_cast<uint16_t*>(source.packed);
  for (int64_t k = 0; k < source.in; ++k) {
    for (int64_t j = 0; j < source.width; ++j) {
      packed[Bfloat16Position(depth, k, j, source.width)] = FloatToBfloat16(source.at(k, j));
    }
  }
}

// The magnitude that 127 stands for in column j: that of the largest weight and, where pairs of products are added in
// 16 bits, of the largest sum of a pair, so that after rounding no such sum exceeds 128.
float Int8Range(const PanelSource& source, int64_t j) {
  const bool bounds_pairs = HWY_DYNAMIC_DISPATCH(AddsPairsIn16Bits)();
  float range = 0;
  for (int64_t k = 0; k < source.in; ++k) {
    range = std::max(range, std::abs(source.at(k, j)));
    if (bounds_pairs && k % 2 == 1) range = std::max(range, std::abs(source.at(k - 1, j) + source.at(k, j)));
  }
  return range;
}

void PackInt8(const PanelSource& source) {
  constexpr float kLimit = 127;
  auto* packed = reinterpret_cast<int8_t*>(source.packed);
  for (int64_t j = 0; j < source.width; ++j) {
    const float range = Int8Range(source, j);
    const float inverse = range > 0 ? kLimit / range : 0.0F;
    int64_t sum = 0;
    for (int64_t k = 0; k < source.in; ++k) {
      const auto quantised = static_cast<int8_t>(std::lrint(source.at(k, j) * inverse));
      packed[Int8Position(k, j, source.width)] = quantised;
      sum += quantised;
    }
    source.scales[j] = range / kLimit;
    source.sums[j] = source.scales[j] * static_cast<float>(sum);
  }
}

void PackPanel(DataType type, const PanelSource& source) {
  switch (type) {
    case DataType::kFloat32:
      return PackFloat(source);
    case DataType::kBfloat16:
      return PackBfloat16(source);
    case DataType::kInt8:
      return PackInt8(source);
  }
}

// Columns [first_column, first_column + width) of the weights as [in, width], zeros beyond the last.
void GatherPanel(const LinearShape& shape, const float* weights, WeightOrder order, int64_t first_column, int64_t width,
                 std::vector<float>& panel) {
  const int64_t columns = std::min(width, shape.out - first_column);
  std::fill(panel.begin(), panel.end(), 0.0F);
  if (order == WeightOrder::kInOut) {
    for (int64_t k = 0; k < shape.in; ++k) {
      std::copy_n(weights + k * shape.out + first_column, columns, panel.data() + k * width);
    }
    return;
  }
  for (int64_t j = 0; j < columns; ++j) {
    const float* column = weights + (first_column + j) * shape.in;
    for (int64_t k = 0; k < shape.in; ++k) panel[static_cast<size_t>(k * width + j)] = column[k];
  }
}

}  // namespace

int64_t PanelWidth() { return HWY_DYNAMIC_DISPATCH(ColumnsOfPanel)(); }

int64_t Bfloat16Depth() { return HWY_DYNAMIC_DISPATCH(DepthOfBfloat16)(); }

int64_t PanelBytes(DataType type, int64_t in) {
  switch (type) {
    case DataType::kBfloat16:
      return RoundUp(in, Bfloat16Depth()) * PanelWidth() * static_cast<int64_t>(sizeof(uint16_t));
    case DataType::kInt8:
      return RoundUp(in, kInt8Depth) * PanelWidth();
    case DataType::kFloat32:
      break;
  }
  return in * PanelWidth() * static_cast<int64_t>(sizeof(float));
}

absl::StatusOr<PackedLinear> PackPanels(const LinearShape& shape, DataType type, const float* weights,
                                        WeightOrder order, absl::Span<const float> bias, Arena& arena) {
  const int64_t width = PanelWidth();
  const int64_t panel_bytes = PanelBytes(type, shape.in);
  const int64_t panel_count = (shape.out + width - 1) / width;
  const int64_t columns = panel_count * width;
  const int64_t quantised_columns = type == DataType::kInt8 ? columns : 0;
  const auto packed = arena.Allocate<std::byte>(panel_count * panel_bytes);
  const auto packed_bias = arena.Allocate<float>(columns);
  const auto scales = arena.Allocate<float>(quantised_columns);
  const auto sums = arena.Allocate<float>(quantised_columns);
  for (const absl::Status& status : {packed.status(), packed_bias.status(), scales.status(), sums.status()}) {
    if (!status.ok()) return status;
  }
  std::copy(bias.begin(), bias.end(), packed_bias->begin());
  std::vector<float> panel(static_cast<size_t>(shape.in * width));
  for (int64_t i = 0; i < panel_count; ++i) {
    GatherPanel(shape, weights, order, i * width, width, panel);
    PackPanel(type, {.weights = panel,
                     .in = shape.in,
                     .width = width,
                     .packed = packed->data() + i * panel_bytes,
                     .scales = scales->data() + i * width,
                     .sums = sums->data() + i * width});
  }
  return PackedLinear{
      .weights = packed->data(), .bias = packed_bias->data(), .scales = scales->data(), .sums = sums->data()};
}

void ReadPanelColumn(const PackedLinear& layer, DataType type, int64_t in, int64_t column, float* values) {
  const int64_t width = PanelWidth();
  const int64_t j = column % width;
  const std::byte* panel = layer.weights + column / width * PanelBytes(type, in);
  switch (type) {
    case DataType::kFloat32: {
      const auto* weights = reinterpret_cast<const float*>(panel) + j;
      for (int64_t k = 0; k < in; ++k) values[k] = weights[k * width];
      return;
    }
    case DataType::kBfloat16: {
      const int64_t depth = Bfloat16Depth();
      const auto* weights = reinterpret_cast<const uint16_t*>(panel);
      for (int64_t k = 0; k < in; ++k) values[k] = Bfloat16ToFloat(weights[Bfloat16Position(depth, k, j, width)]);
      return;
    }
    case DataType::kInt8: {
      const auto* weights = reinterpret_cast<const int8_t*>(panel);
      for (int64_t k = 0; k < in; ++k) {
        values[k] = layer.scales[column] * static_cast<float>(weights[Int8Position(k, j, width)]);
      }
      return;
    }
  }
}

}  // namespace attnd
#endif  // HWY_ONCE
