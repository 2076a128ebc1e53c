#include "engine/ops/panel_linear.h"

#include <algorithm>
#include <type_traits>

#include "absl/log/check.h"
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
#include "engine/ops/bfloat16-inl.h"
#include "engine/ops/panel_product-inl.h"
#include "engine/ops/vector_math-inl.h"

#ifndef ENGINE_OPS_PANEL_LINEAR_BLOCKING_
#define ENGINE_OPS_PANEL_LINEAR_BLOCKING_
namespace attnd {

// Rows of a tile, and bytes of a panel that are used at a time: together with the rows' inputs they stay in a
// second-level cache of 512 KiB while every panel passes by. Smaller blocks lose more at their ends than a first-level
// cache gives back (docs/decisions/0004). Rows written in bfloat16 are computed from whole panels, whatever their size.
constexpr int64_t kMaxTileRows = 96;
constexpr size_t kPanelBlockBytes = size_t{96} << 10;

}  // namespace attnd
#endif  // ENGINE_OPS_PANEL_LINEAR_BLOCKING_

HWY_BEFORE_NAMESPACE();
namespace attnd::HWY_NAMESPACE {

// Rows whose activations are computed side by side.
constexpr size_t kFinishedTogether = 2;

int64_t RowsOfGroup() { return static_cast<int64_t>(kTileRows); }

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
  if constexpr (std::is_same_v<typename Format::Input, uint8_t>) {
    return static_cast<size_t>(QuantisedRowBytes(shape.in));
  } else if constexpr (std::is_same_v<typename Format::Input, uint16_t>) {
    return static_cast<size_t>(Bfloat16RowBytes(shape.in)) / sizeof(uint16_t);
  } else {
    return static_cast<size_t>(shape.in_stride);
  }
}

// Where a product reads narrower rows than floats, so does the next, which reads the activations.
template <class Format>
constexpr Accuracy kActivationAccuracy =
    std::is_same_v<typename Format::Input, float> ? Accuracy::kFloat : Accuracy::kBfloat16;

template <class Format, Epilogue kEpilogue, size_t kVectors>
HWY_INLINE void Activate(hn::Vec<Floats> (&values)[kVectors]) {
  if constexpr (kEpilogue == Epilogue::kGeluTanh) GeluTanh<kActivationAccuracy<Format>>(Floats(), values);
  if constexpr (kEpilogue == Epilogue::kGeluErf) GeluErf(Floats(), values);
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

// A vector of a row's sums as floats, with what they start from in the first block of depth.
template <class Format, bool kFirstBlock>
HWY_INLINE hn::Vec<Floats> ProductOf(const typename Format::Sum* sums, const PanelOutput& output, size_t column,
                                     const typename Format::Input* x) {
  const Floats d;
  hn::Vec<Floats> product;
  if constexpr (std::is_same_v<Format, Int8Format>) {
    const float scale = ReadRowQuantisation(x, output.shape.in).scale;
    const auto scales = hn::Mul(hn::LoadU(d, output.layer.scales + column), hn::Set(d, scale));
    product = hn::Mul(hn::ConvertTo(d, hn::Load(Integers(), sums)), scales);
  } else {
    product = hn::Load(d, sums);
  }
  if constexpr (kFirstBlock) return hn::Add(product, StartOf<Format>(output, column, x));
  return product;
}

// y of kRows rows of a panel all of whose columns exist.
template <class Format, Epilogue kEpilogue, bool kFirstBlock, bool kLastBlock, class Element, size_t kRows>
HWY_INLINE void FinishWholeRows(const typename Format::Sum* sums, const PanelOutput& output,
                                const typename Format::Input* x, Element* y) {
  const size_t lanes = hn::Lanes(Floats());
  hn::Vec<Floats> values[kRows * kPanelVectors];
  Element* destinations[kRows * kPanelVectors];
  HWY_UNROLL(8)
  for (size_t i = 0; i < kRows * kPanelVectors; ++i) {
    const size_t row = i / kPanelVectors;
    const size_t column = i % kPanelVectors * lanes;
    const auto* row_x = x + row * InputStride<Format>(output.shape);
    destinations[i] = y + static_cast<int64_t>(row) * output.shape.out_stride + column;
    values[i] = ProductOf<Format, kFirstBlock>(sums + i * lanes, output, output.column + column, row_x);
    if constexpr (!kFirstBlock || kEpilogue == Epilogue::kAddToOutput) {
      values[i] = hn::Add(values[i], hn::LoadU(Floats(), destinations[i]));
    }
  }
  if constexpr (kLastBlock) Activate<Format, kEpilogue>(values);
  HWY_UNROLL(8)
  for (size_t i = 0; i < kRows * kPanelVectors; ++i) StoreFloats(values[i], destinations[i]);
}

// y of one row of a panel of which only some columns exist.
template <class Format, Epilogue kEpilogue, bool kFirstBlock, bool kLastBlock, class Element>
HWY_INLINE void FinishPartOfRow(const typename Format::Sum* sums, const PanelOutput& output,
                                const typename Format::Input* x, Element* y) {
  const size_t lanes = hn::Lanes(Floats());
  for (size_t i = 0; i < output.columns; i += lanes) {
    const size_t present = std::min(lanes, output.columns - i);
    hn::Vec<Floats> value[] = {ProductOf<Format, kFirstBlock>(sums + i, output, output.column + i, x)};
    if constexpr (!kFirstBlock || kEpilogue == Epilogue::kAddToOutput) {
      value[0] = hn::Add(value[0], hn::LoadN(Floats(), y + i, present));
    }
    if constexpr (kLastBlock) Activate<Format, kEpilogue>(value);
    StoreFloats(value[0], y + i, present);
  }
}

// y of `rows` rows of one panel, of which a block of depth has been multiplied; x and y are those of the first row.
template <class Format, Epilogue kEpilogue, bool kFirstBlock, bool kLastBlock, class Element>
HWY_NOINLINE void FinishRows(size_t rows, const typename Format::Sum* sums, const PanelOutput& output,
                             const typename Format::Input* x, std::byte* y_bytes) {
  auto* y = reinterpret_cast<Element*>(y_bytes);
  const size_t x_stride = InputStride<Format>(output.shape);
  const bool is_whole = output.columns == PanelColumns();
  for (size_t count = 0; rows > 0; rows -= count) {
    count = is_whole && rows >= kFinishedTogether ? kFinishedTogether : 1;
    if (count > 1) {
      FinishWholeRows<Format, kEpilogue, kFirstBlock, kLastBlock, Element, kFinishedTogether>(sums, output, x, y);
    } else if (is_whole) {
      FinishWholeRows<Format, kEpilogue, kFirstBlock, kLastBlock, Element, 1>(sums, output, x, y);
    } else {
      FinishPartOfRow<Format, kEpilogue, kFirstBlock, kLastBlock>(sums, output, x, y);
    }
    sums += count * PanelColumns();
    x += count * x_stride;
    y += static_cast<int64_t>(count) * output.shape.out_stride;
  }
}

template <class Format>
using Finisher = void (*)(size_t, const typename Format::Sum*, const PanelOutput&, const typename Format::Input*,
                          std::byte*);

template <class Format, bool kFirstBlock, bool kLastBlock, class Element>
Finisher<Format> FinisherOfEpilogue(Epilogue epilogue) {
  switch (epilogue) {
    case Epilogue::kGeluTanh:
      return &FinishRows<Format, Epilogue::kGeluTanh, kFirstBlock, kLastBlock, Element>;
    case Epilogue::kGeluErf:
      return &FinishRows<Format, Epilogue::kGeluErf, kFirstBlock, kLastBlock, Element>;
    case Epilogue::kAddToOutput:
      if constexpr (std::is_same_v<Element, float>) {
        return &FinishRows<Format, Epilogue::kAddToOutput, kFirstBlock, kLastBlock, Element>;
      }
      break;
    case Epilogue::kStore:
      break;
  }
  return &FinishRows<Format, Epilogue::kStore, kFirstBlock, kLastBlock, Element>;
}

template <class Format>
Finisher<Format> FinisherFor(const LinearShape& shape, bool first_block, bool last_block) {
  if constexpr (std::is_same_v<typename Format::Input, uint16_t>) {
    if (shape.out_type == DataType::kBfloat16) return FinisherOfEpilogue<Format, true, true, uint16_t>(shape.epilogue);
  }
  if (first_block && last_block) return FinisherOfEpilogue<Format, true, true, float>(shape.epilogue);
  if (first_block) return FinisherOfEpilogue<Format, true, false, float>(shape.epilogue);
  if (last_block) return FinisherOfEpilogue<Format, false, true, float>(shape.epilogue);
  return FinisherOfEpilogue<Format, false, false, float>(shape.epilogue);
}

// A tile being computed: panel by panel, for one block of depth after the other.
template <class Format>
class TileRunner {
 public:
  TileRunner(const LinearShape& shape, const LinearTile& tile, const PackedLinear& layer)
      : shape_(shape), tile_(tile), layer_(layer) {}

  void Run() {
    // Sums of several blocks would have to be kept in floats.
    const bool is_one_block = shape_.out_type == DataType::kBfloat16;
    const size_t block_steps = is_one_block ? all_steps_ : kPanelBlockBytes / (step_weights_ * sizeof(Weight));
    for (size_t step = 0; step < all_steps_; step += block_steps) {
      const size_t end_step = std::min(step + block_steps, all_steps_);
      const auto finish = FinisherFor<Format>(shape_, step == 0, end_step == all_steps_);
      for (size_t column = first_column_; column < end_column_; column += width_) {
        MultiplyPanel(column, step, end_step - step, NextPanelAfter(column, step, end_step), finish);
      }
    }
  }

 private:
  using Input = typename Format::Input;
  using Weight = typename Format::Weight;

  // The weights of the panel that begins at `column`, from `step` on.
  const Weight* PanelAt(size_t column, size_t step) const {
    return reinterpret_cast<const Weight*>(layer_.weights) + (column / width_ * all_steps_ + step) * step_weights_;
  }

  // What is read after a panel: its neighbour, or the tile's first panel one block deeper, or in the end the first of
  // the tile beside this one, which the same thread computes next as a rule.
  const Weight* NextPanelAfter(size_t column, size_t step, size_t end_step) const {
    if (column + width_ < end_column_) return PanelAt(column + width_, step);
    if (end_step < all_steps_) return PanelAt(first_column_, end_step);
    return PanelAt(end_column_, 0);
  }

  // All rows of the tile times `steps` steps of one panel, in groups as even as can be: a small one loads as many
  // weights as a large one. Meanwhile `next` comes in, each group of rows fetching its share.
  void MultiplyPanel(size_t column, size_t step, size_t steps, const Weight* next, Finisher<Format> finish) {
    const PanelOutput output{shape_, layer_, column, std::min(width_, end_column_ - column)};
    const auto rows = static_cast<size_t>(tile_.rows);
    const size_t groups = (rows + kTileRows - 1) / kTileRows;
    const size_t group_rows = (rows + groups - 1) / groups;
    const size_t step_bytes = step_weights_ * sizeof(Weight);
    NextPanel prefetch{.address = reinterpret_cast<const std::byte*>(next),
                       .bytes_per_step = (step_bytes + groups - 1) / groups};
    const auto* x = reinterpret_cast<const Input*>(tile_.x);
    std::byte* y = tile_.y + static_cast<int64_t>(column - first_column_) * DataTypeBytes(shape_.out_type);
    for (size_t row = 0; row < rows; row += group_rows) {
      const size_t count = std::min(group_rows, rows - row);
      RowsMultiplier<Format>::ForRows(count)(x + step * Format::kDepth, x_stride_, PanelAt(column, step), steps,
                                             prefetch, sums_, width_);
      finish(count, sums_, output, x, y);
      prefetch.address += steps * step_bytes / groups;
      x += group_rows * x_stride_;
      y += static_cast<int64_t>(group_rows) * shape_.out_row_bytes();
    }
  }

  const LinearShape& shape_;
  const LinearTile& tile_;
  const PackedLinear& layer_;
  const size_t width_ = PanelColumns();
  const size_t step_weights_ = width_ * Format::kDepth;
  const size_t all_steps_ = (static_cast<size_t>(shape_.in) + Format::kDepth - 1) / Format::kDepth;
  const size_t first_column_ = static_cast<size_t>(tile_.first_column);
  const size_t end_column_ = static_cast<size_t>(tile_.first_column + tile_.columns);
  const size_t x_stride_ = InputStride<Format>(shape_);
  HWY_ALIGN typename Format::Sum sums_[kTileRows * kPanelVectors * hn::MaxLanes(Floats())];
};

void RunFloatTile(const LinearShape& shape, const LinearTile& tile, const PackedLinear& layer) {
  TileRunner<FloatFormat>(shape, tile, layer).Run();
}

void RunBfloat16Tile(const LinearShape& shape, const LinearTile& tile, const PackedLinear& layer) {
  TileRunner<Bfloat16Format>(shape, tile, layer).Run();
}

void RunInt8Tile(const LinearShape& shape, const LinearTile& tile, const PackedLinear& layer) {
  TileRunner<Int8Format>(shape, tile, layer).Run();
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
  const bool reads_bfloat16 = type == DataType::kBfloat16 && converted_row_bytes() > 0;
  CHECK(shape.out_type == DataType::kFloat32 || (reads_bfloat16 && shape.epilogue != Epilogue::kAddToOutput));
}

absl::StatusOr<PackedLinear> PanelLinear::Pack(const float* weights, WeightOrder order, absl::Span<const float> bias,
                                               Arena& arena) const {
  return PackPanels(shape(), type_, weights, order, bias, arena);
}

int64_t PanelLinear::converted_row_bytes() const {
  switch (type_) {
    case DataType::kBfloat16:
      return Bfloat16Depth() > 1 ? Bfloat16RowBytes(shape().in) : 0;
    case DataType::kInt8:
      return QuantisedRowBytes(shape().in);
    case DataType::kFloat32:
      break;
  }
  return 0;
}

void PanelLinear::ConvertRows(int64_t rows, const float* x, std::byte* converted) const {
  if (type_ == DataType::kBfloat16) {
    RoundRowsToBfloat16(rows, shape().in, x, shape().in_stride, converted);
  } else {
    QuantiseRows(rows, shape().in, x, shape().in_stride, reinterpret_cast<uint8_t*>(converted));
  }
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
