#include "engine/ops/panel_linear.h"

#include <algorithm>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "engine/ops/cpu.h"
#include "engine/ops/panel_packing.h"
#include "engine/ops/row_conversion.h"

// Highway compiles the rest of this file once for every instruction set it may find at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/ops/panel_linear.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
// These need highway.h before them.
#include "engine/ops/panel_product-inl.h"
#include "engine/ops/vector_math-inl.h"

#ifndef ENGINE_OPS_PANEL_LINEAR_BLOCKING_
#define ENGINE_OPS_PANEL_LINEAR_BLOCKING_
namespace attnd {

// Rows of a tile, and bytes of a panel that are used at a time: together with the rows' inputs they stay in a
// second-level cache of 512 KiB while every panel passes by. Smaller blocks lose more at their ends than a first-level
// cache gives back (docs/decisions/0004).
constexpr int64_t kMaxTileRows = 96;
constexpr size_t kPanelBlockBytes = size_t{96} << 10;

}  // namespace attnd
#endif  // ENGINE_OPS_PANEL_LINEAR_BLOCKING_

HWY_BEFORE_NAMESPACE();
namespace attnd::HWY_NAMESPACE {

int64_t RowsOfGroup() { return static_cast<int64_t>(kTileRows); }

// One block of depth of a tile.
struct DepthBlock {
  size_t first_step;
  size_t steps;
  bool first;
  bool last;
};

// What becomes of the sums of some rows of a panel.
struct PanelOutput {
  const LinearShape& shape;
  const PackedLinear& layer;
  size_t column;   // first column of the panel
  size_t columns;  // of it that exist
};

// Elements of Format::Input from one row of x to the next.
template <class Format>
size_t InputStride(const LinearShape& shape) {
  if constexpr (std::is_same_v<Format, Int8Format>) return static_cast<size_t>(QuantisedRowBytes(shape.in));
  return static_cast<size_t>(shape.in_stride);
}

template <Epilogue kEpilogue>
HWY_INLINE hn::Vec<Floats> Activate(hn::Vec<Floats> value) {
  if constexpr (kEpilogue == Epilogue::kGeluTanh) return GeluTanh(Floats(), value);
  if constexpr (kEpilogue == Epilogue::kGeluErf) return GeluErf(Floats(), value);
  return value;
}

// Vector `v` of a row's sums as floats.
template <class Format>
HWY_INLINE hn::Vec<Floats> ProductOf(const typename Format::Sum* sums, const PanelOutput& output, size_t column,
                                     const typename Format::Input* x) {
  const Floats d;
  if constexpr (std::is_same_v<Format, Int8Format>) {
    const float scale = ReadRowQuantisation(x, output.shape.in).scale;
    const auto scales = hn::Mul(hn::LoadU(d, output.layer.scales + column), hn::Set(d, scale));
    return hn::Mul(hn::ConvertTo(d, hn::Load(Integers(), sums)), scales);
  } else {
    return hn::Load(d, sums);
  }
}

// What every row's product starts from: the bias, and what the row's lowest value adds to a quantised product.
template <class Format>
HWY_INLINE hn::Vec<Floats> StartOf(const PanelOutput& output, size_t column, const typename Format::Input* x) {
  const Floats d;
  const auto bias = hn::LoadU(d, output.layer.bias + column);
  if constexpr (std::is_same_v<Format, Int8Format>) {
    const float lowest = ReadRowQuantisation(x, output.shape.in).lowest;
    return hn::MulAdd(hn::LoadU(d, output.layer.sums + column), hn::Set(d, lowest), bias);
  } else {
    return bias;
  }
}

// y of `rows` rows of one panel; x and y are those of the first.
template <class Format, Epilogue kEpilogue>
HWY_NOINLINE void FinishRows(size_t rows, const typename Format::Sum* sums, const PanelOutput& output,
                             const DepthBlock& block, const typename Format::Input* x, float* y) {
  const Floats d;
  const size_t lanes = hn::Lanes(d);
  const bool adds_to_y = !block.first || kEpilogue == Epilogue::kAddToOutput;
  const auto finish = [&](const typename Format::Input* row, size_t i, auto load_y) HWY_ATTR {
    auto value = ProductOf<Format>(sums + i, output, output.column + i, row);
    if (block.first) value = hn::Add(value, StartOf<Format>(output, output.column + i, row));
    if (adds_to_y) value = hn::Add(value, load_y());
    return block.last ? Activate<kEpilogue>(value) : value;
  };
  for (size_t row = 0; row < rows; ++row) {
    if (HWY_LIKELY(output.columns == kPanelVectors * lanes)) {
      HWY_UNROLL(2)
      for (size_t v = 0; v < kPanelVectors; ++v) {
        float* place = y + v * lanes;
        hn::StoreU(finish(x, v * lanes, [&]() HWY_ATTR { return hn::LoadU(d, place); }), d, place);
      }
    } else {
      for (size_t i = 0; i < output.columns; i += lanes) {
        const size_t present = std::min(lanes, output.columns - i);
        hn::StoreN(finish(x, i, [&]() HWY_ATTR { return hn::LoadN(d, y + i, present); }), d, y + i, present);
      }
    }
    sums += kPanelVectors * lanes;
    x += InputStride<Format>(output.shape);
    y += output.shape.out_stride;
  }
}

template <class Format>
auto FinisherFor(Epilogue epilogue) {
  switch (epilogue) {
    case Epilogue::kGeluTanh:
      return &FinishRows<Format, Epilogue::kGeluTanh>;
    case Epilogue::kGeluErf:
      return &FinishRows<Format, Epilogue::kGeluErf>;
    case Epilogue::kAddToOutput:
      return &FinishRows<Format, Epilogue::kAddToOutput>;
    case Epilogue::kStore:
      break;
  }
  return &FinishRows<Format, Epilogue::kStore>;
}

template <class Format>
void RunTile(const LinearShape& shape, const LinearTile& tile, const PackedLinear& layer) {
  using Input = typename Format::Input;
  using Weight = typename Format::Weight;
  const size_t width = PanelColumns();
  const size_t step_weights = width * Format::kDepth;
  const size_t all_steps = (static_cast<size_t>(shape.in) + Format::kDepth - 1) / Format::kDepth;
  const size_t block_steps = kPanelBlockBytes / (step_weights * sizeof(Weight));
  const size_t x_stride = InputStride<Format>(shape);
  const auto rows = static_cast<size_t>(tile.rows);
  const size_t groups = (rows + kTileRows - 1) / kTileRows;
  const auto end = static_cast<size_t>(tile.first_column + tile.columns);
  const auto* x = reinterpret_cast<const Input*>(tile.x);
  const auto finish = FinisherFor<Format>(shape.epilogue);
  HWY_ALIGN typename Format::Sum sums[kTileRows * kPanelVectors * hn::MaxLanes(Floats())];

  for (size_t first_step = 0; first_step < all_steps; first_step += block_steps) {
    const DepthBlock block{.first_step = first_step,
                           .steps = std::min(block_steps, all_steps - first_step),
                           .first = first_step == 0,
                           .last = first_step + block_steps >= all_steps};
    for (auto column = static_cast<size_t>(tile.first_column); column < end; column += width) {
      const Weight* panel =
          reinterpret_cast<const Weight*>(layer.weights) + (column / width * all_steps + first_step) * step_weights;
      const PanelOutput output{shape, layer, column, std::min(width, end - column)};
      // While the rows are multiplied with this panel, the next one comes in, each group of rows fetching its share.
      const size_t block_bytes = block.steps * step_weights * sizeof(Weight);
      const size_t share = (step_weights * sizeof(Weight) + groups - 1) / groups;
      NextPanel next{.address = reinterpret_cast<const std::byte*>(panel + all_steps * step_weights),
                     .bytes_per_step = share};
      for (size_t row = 0; row < rows; row += kTileRows) {
        const size_t count = std::min(kTileRows, rows - row);
        const Input* first_row = x + row * x_stride;
        RowsMultiplier<Format>::ForRows(count)(first_row + first_step * Format::kDepth, x_stride, panel, block.steps,
                                               next, sums, width);
        next.address += block_bytes / groups;
        finish(
            count, sums, output, block, first_row,
            tile.y + static_cast<int64_t>(row) * shape.out_stride + static_cast<int64_t>(column) - tile.first_column);
      }
    }
  }
}

void RunFloatTile(const LinearShape& shape, const LinearTile& tile, const PackedLinear& layer) {
  RunTile<FloatFormat>(shape, tile, layer);
}

void RunBfloat16Tile(const LinearShape& shape, const LinearTile& tile, const PackedLinear& layer) {
  RunTile<Bfloat16Format>(shape, tile, layer);
}

void RunInt8Tile(const LinearShape& shape, const LinearTile& tile, const PackedLinear& layer) {
  RunTile<Int8Format>(shape, tile, layer);
}

}  // namespace attnd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attnd {

HWY_EXPORT(RowsOfGroup);
HWY_EXPORT(RunFloatTile);
HWY_EXPORT(RunBfloat16Tile);
HWY_EXPORT(RunInt8Tile);

PanelLinear::PanelLinear(const LinearShape& shape, DataType type) : LinearKernel(shape), type_(type) {
  DescribeCpu();  // caps what is dispatched to
}

absl::StatusOr<PackedLinear> PanelLinear::Pack(const float* weights, WeightOrder order, absl::Span<const float> bias,
                                               Arena& arena) const {
  return PackPanels(shape(), type_, weights, order, bias, arena);
}

int64_t PanelLinear::converted_row_bytes() const {
  return type_ == DataType::kInt8 ? QuantisedRowBytes(shape().in) : 0;
}

void PanelLinear::ConvertRows(int64_t rows, const float* x, std::byte* converted) const {
  QuantiseRows(rows, shape().in, x, shape().in_stride, reinterpret_cast<uint8_t*>(converted));
}

void PanelLinear::Run(const LinearTile& tile, const PackedLinear& layer, std::byte* /*scratchpad*/) const {
  switch (type_) {
    case DataType::kFloat32:
      return HWY_DYNAMIC_DISPATCH(RunFloatTile)(shape(), tile, layer);
    case DataType::kBfloat16:
      return HWY_DYNAMIC_DISPATCH(RunBfloat16Tile)(shape(), tile, layer);
    case DataType::kInt8:
      return HWY_DYNAMIC_DISPATCH(RunInt8Tile)(shape(), tile, layer);
  }
}

int64_t PanelLinear::column_step() const { return PanelWidth(); }

int64_t PanelLinear::TileRows(int64_t rows) const {
  const int64_t group = HWY_DYNAMIC_DISPATCH(RowsOfGroup)();
  const int64_t tiles = (rows + kMaxTileRows - 1) / kMaxTileRows;
  const int64_t even = (rows + tiles - 1) / tiles;
  return (even + group - 1) / group * group;
}

std::string PanelLinear::implementation() const {
  return absl::StrCat("panels:", DescribeCpu().vector_target, ":", DataTypeName(type_));
}

void PanelLinear::ReadColumn(const PackedLinear& layer, int64_t column, float* values) const {
  ReadPanelColumn(layer, type_, shape().in, column, values);
}

}  // namespace attnd
#endif  // HWY_ONCE
