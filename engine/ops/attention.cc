#include "engine/ops/attention.h"

#include <algorithm>
#include <cstddef>

#include "engine/ops/cpu.h"
#include "engine/ops/panel_packing.h"

// Highway compiles the rest of this file once for every instruction set it may find at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/ops/attention.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
// These need highway.h before them.
#include "engine/ops/panel_product-inl.h"
#include "engine/ops/vector_math-inl.h"
// Needs panel_product-inl.h before it.
#include "engine/ops/attention_packing-inl.h"

#ifndef ENGINE_OPS_ATTENTION_LAYOUT_
#define ENGINE_OPS_ATTENTION_LAYOUT_
namespace attnd {

// Keys and values are packed in panels whose widths divide this.
constexpr int64_t kMaxPanelColumns = 32;

inline int64_t RoundUp(int64_t count, int64_t step) { return (count + step - 1) / step * step; }

// Where intermediate results lie in scratch, in floats. Elements in bfloat16 come in pairs of a float's size.
struct AttentionLayout {
  AttentionLayout(DataType type, int64_t token_count, int64_t head_length) {
    const int64_t depth = type == DataType::kBfloat16 ? 2 : 1;
    const int64_t padded_tokens = RoundUp(token_count, kMaxPanelColumns);
    const int64_t padded_length = RoundUp(head_length, kMaxPanelColumns);
    // Half a panel more, lest the rows of a group share a set of the cache.
    score_stride = padded_tokens + kMaxPanelColumns / 2;
    values = RoundUp(head_length, depth) / depth * padded_tokens;
    scores = values + RoundUp(token_count, depth) / depth * padded_length;
    const int64_t score_floats = kAttentionBlockRows * score_stride;
    numerators = depth > 1 ? scores + score_floats : scores;
    rows = numerators + score_floats / depth;
    size = depth > 1 ? rows + kMaxPanelColumns * padded_length / depth : rows;
  }

  // Panels of k transposed, [D, width] each, lie at 0.
  int64_t values;      // panels of v, [T, width] each
  int64_t scores;      // of one block of query rows [kAttentionBlockRows, T], score_stride elements apart
  int64_t numerators;  // of their softmax, likewise, in the products' type; in float those of scores
  int64_t rows;        // of q or k in the products' type, where that is not float
  int64_t size;
  int64_t score_stride;
};

}  // namespace attnd
#endif  // ENGINE_OPS_ATTENTION_LAYOUT_

HWY_BEFORE_NAMESPACE();
namespace attnd::HWY_NAMESPACE {

static_assert(kAttentionBlockRows % kTileRows == 0);

// Vectors of a softmax computed side by side.
constexpr size_t kChains = 4;

// A head being computed: its inputs and its scratch. Kind: FloatAttention or Bfloat16Attention.
template <class Kind>
class AttentionRunner {
 public:
  // Of rows [0, key_count) of k and v.
  AttentionRunner(const AttentionHead& head, int64_t key_count, float* scratch)
      : head_(head), key_count_(static_cast<size_t>(key_count)), keys_(reinterpret_cast<Element*>(scratch)) {
    const AttentionLayout layout(head.type, key_count, head.head_length);
    values_ = reinterpret_cast<Element*>(scratch + layout.values);
    scores_ = scratch + layout.scores;
    numerators_ = reinterpret_cast<Element*>(scratch + layout.numerators);
    rows_ = reinterpret_cast<Element*>(scratch + layout.rows);
    score_stride_ = static_cast<size_t>(layout.score_stride);
  }

  void Pack() {
    const size_t width = PanelColumns();
    for (size_t row = 0; row < key_count_; row += width) {
      const HeadRows k = Rows(head_.k, row, std::min(width, key_count_ - row));
      Kind::PackKeys(k, rows_, KeyPanel(row));
    }
    for (size_t column = 0; column < length_; column += width) {
      HeadRows v = Rows(head_.v, 0, key_count_);
      v.x += column;
      v.length = std::min(width, length_ - column);
      Kind::PackValues(v, ValuePanel(column));
    }
  }

  // Rows [first_row, first_row + count) of the output, at most kAttentionBlockRows.
  void AttendBlock(size_t first_row, size_t count) {
    constexpr float kLog2E = 1.442695041F;
    Score(first_row, count);
    float sums[kAttentionBlockRows];
    for (size_t i = 0; i < count; ++i) {
      const size_t group_end = std::min(count, (i / kTileRows + 1) * kTileRows);
      sums[i] = SoftmaxNumerators(i, first_row + i + 1, Steps(first_row + group_end) * kDepth, head_.scale * kLog2E);
    }
    Combine(first_row, count, sums);
  }

 private:
  using Format = typename Kind::Format;
  using Element = typename Format::Weight;
  static constexpr size_t kDepth = Format::kDepth;

  static size_t Steps(size_t inputs) { return (inputs + kDepth - 1) / kDepth; }

  // Panels here are in the cache already.
  static NextPanel NextOf(const Element* panel) { return {.address = reinterpret_cast<const std::byte*>(panel)}; }

  HeadRows Rows(const float* x, size_t first_row, size_t count) const {
    const auto stride = static_cast<size_t>(head_.input_stride);
    return {.x = x + first_row * stride, .count = count, .length = length_, .stride = stride};
  }

  // The panel of k that begins with row `row`, of v that begins with column `column`.
  Element* KeyPanel(size_t row) const { return keys_ + row * Steps(length_) * kDepth; }
  Element* ValuePanel(size_t column) const { return values_ + column * Steps(key_count_) * kDepth; }

  // scores [count, first_row + count) = q k^T of query rows [first_row, first_row + count), before scaling.
  void Score(size_t first_row, size_t count) const {
    const HeadRows q = Rows(head_.q, first_row, count);
    const Element* queries = Kind::PrepareQueries(q, rows_);
    const size_t query_stride = Kind::QueryStride(q);
    for (size_t column = 0; column < first_row + count; column += PanelColumns()) {
      const Element* panel = KeyPanel(column);
      for (size_t group = 0; group < count; group += kTileRows) {
        const size_t group_rows = std::min(kTileRows, count - group);
        if (column >= first_row + group + group_rows) continue;
        RowsMultiplier<Format>::ForRows(group_rows)(queries + group * query_stride, query_stride, panel, Steps(length_),
                                                    NextOf(panel), scores_ + group * score_stride_ + column,
                                                    score_stride_);
      }
    }
  }

  // Numerators [0, count) of row `row` of scores: e^(scale (scores - max)) with `scale` times log2(e) given; zeros in
  // [count, padded). Returns their sum.
  float SoftmaxNumerators(size_t row, size_t count, size_t padded, float exponent_scale) const {
    const Floats d;
    const size_t lanes = hn::Lanes(d);
    const float* scores = scores_ + row * score_stride_;
    Element* numerators = numerators_ + row * score_stride_;
    const auto maxima = hn::Set(d, Largest(scores, count));
    const auto scales = hn::Set(d, exponent_scale);
    const auto exponent = [&](size_t i) HWY_ATTR { return hn::Mul(hn::Sub(hn::LoadU(d, scores + i), maxima), scales); };
    hn::Vec<Floats> sums[kChains];
    HWY_UNROLL(4)
    for (auto& sum : sums) sum = hn::Zero(d);
    size_t j = 0;
    for (; j + kChains * lanes <= count; j += kChains * lanes) {
      hn::Vec<Floats> x[kChains];
      HWY_UNROLL(4)
      for (size_t chain = 0; chain < kChains; ++chain) x[chain] = exponent(j + chain * lanes);
      Exp2OfNegative<Kind::kAccuracy>(d, x);
      HWY_UNROLL(4)
      for (size_t chain = 0; chain < kChains; ++chain) {
        StoreFloats(x[chain], numerators + j + chain * lanes);
        sums[chain] = hn::Add(sums[chain], x[chain]);
      }
    }
    for (; j < count; j += lanes) {
      hn::Vec<Floats> x[] = {exponent(j)};
      Exp2OfNegative<Kind::kAccuracy>(d, x);
      const auto present = hn::IfThenElseZero(hn::FirstN(d, count - j), x[0]);
      StoreFloats(present, numerators + j);
      sums[0] = hn::Add(sums[0], present);
    }
    for (; j < padded; j += lanes) StoreFloats(hn::Zero(d), numerators + j);
    HWY_UNROLL(4)
    for (size_t chain = 1; chain < kChains; ++chain) sums[0] = hn::Add(sums[0], sums[chain]);
    return hn::ReduceSum(d, sums[0]);
  }

  static float Largest(const float* scores, size_t count) {
    const Floats d;
    const size_t lanes = hn::Lanes(d);
    const auto first = hn::Set(d, scores[0]);
    auto max = first;
    auto max2 = first;
    size_t j = 0;
    for (; j + 2 * lanes <= count; j += 2 * lanes) {
      max = hn::Max(max, hn::LoadU(d, scores + j));
      max2 = hn::Max(max2, hn::LoadU(d, scores + j + lanes));
    }
    for (; j < count; j += lanes) max = hn::Max(max, hn::LoadNOr(first, d, scores + j, std::min(lanes, count - j)));
    return hn::ReduceMax(d, hn::Max(max, max2));
  }

  // out of query rows [first_row, first_row + count): the numerators times v, over their sums.
  void Combine(size_t first_row, size_t count, const float* sums) const {
    const size_t width = PanelColumns();
    HWY_ALIGN float weighted[kTileRows * kPanelVectors * hn::MaxLanes(Floats())];
    for (size_t column = 0; column < length_; column += width) {
      const Element* panel = ValuePanel(column);
      for (size_t group = 0; group < count; group += kTileRows) {
        const size_t group_rows = std::min(kTileRows, count - group);
        RowsMultiplier<Format>::ForRows(group_rows)(numerators_ + group * score_stride_, score_stride_, panel,
                                                    Steps(first_row + group + group_rows), NextOf(panel), weighted,
                                                    width);
        for (size_t i = 0; i < group_rows; ++i) {
          StoreOutput(first_row + group + i, column, weighted + i * width, 1.0F / sums[group + i]);
        }
      }
    }
  }

  // A panel's columns of row `row` of the output, from `column` on: `weighted` times `factor`.
  void StoreOutput(size_t row, size_t column, const float* weighted, float factor) const {
    const size_t first = row * static_cast<size_t>(head_.output_stride) + column;
    const size_t count = std::min(PanelColumns(), length_ - column);
    if (head_.output_type == DataType::kBfloat16) {
      Scale(weighted, factor, count, reinterpret_cast<uint16_t*>(head_.out) + first);
    } else {
      Scale(weighted, factor, count, reinterpret_cast<float*>(head_.out) + first);
    }
  }

  // out [count] = `weighted` times `factor`.
  template <class Output>
  static HWY_INLINE void Scale(const float* weighted, float factor, size_t count, Output* out) {
    const Floats d;
    const size_t lanes = hn::Lanes(d);
    const auto factors = hn::Set(d, factor);
    size_t i = 0;
    for (; i + lanes <= count; i += lanes) StoreFloats(hn::Mul(hn::Load(d, weighted + i), factors), out + i);
    if (i < count) StoreFloats(hn::Mul(hn::Load(d, weighted + i), factors), out + i, count - i);
  }

  const AttentionHead& head_;
  const size_t key_count_;  // rows of k and v that are packed
  const size_t length_ = static_cast<size_t>(head_.head_length);
  Element* keys_;
  Element* values_;
  float* scores_;
  Element* numerators_;
  Element* rows_;
  size_t score_stride_;
};

template <class Kind>
void AttendRows(const AttentionHead& head, int64_t first_row, int64_t last_row, float* scratch) {
  AttentionRunner<Kind> runner(head, last_row, scratch);
  runner.Pack();
  for (int64_t row = first_row; row < last_row; row += kAttentionBlockRows) {
    runner.AttendBlock(static_cast<size_t>(row), static_cast<size_t>(std::min(kAttentionBlockRows, last_row - row)));
  }
}

void AttendRowsOfType(const AttentionHead& head, int64_t first_row, int64_t last_row, float* scratch) {
#if HWY_NATIVE_DOT_BF16
  if (head.type == DataType::kBfloat16) return AttendRows<Bfloat16Attention>(head, first_row, last_row, scratch);
#endif
  AttendRows<FloatAttention>(head, first_row, last_row, scratch);
}

}  // namespace attnd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attnd {

HWY_EXPORT(AttendRowsOfType);

DataType AttentionType(DataType weights) {
  DescribeCpu();  // caps what is dispatched to
  return weights != DataType::kFloat32 && Bfloat16Depth() > 1 ? DataType::kBfloat16 : DataType::kFloat32;
}

int64_t AttentionScratchFloats(DataType type, int64_t token_count, int64_t head_length) {
  return AttentionLayout(type, token_count, head_length).size;
}

void Attend(const AttentionHead& head, int64_t first_row, int64_t last_row, float* scratch) {
  HWY_DYNAMIC_DISPATCH(AttendRowsOfType)(head, first_row, last_row, scratch);
}

}  // namespace attnd
#endif  // HWY_ONCE
