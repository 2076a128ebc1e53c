#include "engine/ops/attention.h"

#include <algorithm>
#include <cstddef>

// Highway compiles the rest of this file once for every instruction set it may find at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/ops/attention.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
// These need highway.h before them.
#include "engine/ops/panel_product-inl.h"
#include "engine/ops/vector_math-inl.h"

#ifndef ENGINE_OPS_ATTENTION_LAYOUT_
#define ENGINE_OPS_ATTENTION_LAYOUT_
namespace attnd {

// Keys and values are packed in panels whose widths divide this.
constexpr int64_t kMaxPanelColumns = 32;

inline int64_t RoundUpToPanels(int64_t columns) {
  return (columns + kMaxPanelColumns - 1) / kMaxPanelColumns * kMaxPanelColumns;
}

// Where intermediate results lie in scratch, in floats.
struct AttentionLayout {
  AttentionLayout(int64_t token_count, int64_t head_length)
      : padded_tokens(RoundUpToPanels(token_count)),
        // Half a panel more, lest the rows of a group share a set of the cache.
        score_stride(padded_tokens + kMaxPanelColumns / 2),
        values(head_length * padded_tokens),
        scores(values + token_count * RoundUpToPanels(head_length)),
        size(scores + kAttentionBlockRows * score_stride) {}

  int64_t padded_tokens;
  int64_t score_stride;
  // Panels of k transposed, [D, width] each, lie at 0.
  int64_t values;  // panels of v, [T, width] each
  int64_t scores;  // of one block of query rows [kAttentionBlockRows, T]
  int64_t size;
};

}  // namespace attnd
#endif  // ENGINE_OPS_ATTENTION_LAYOUT_

HWY_BEFORE_NAMESPACE();
namespace attnd::HWY_NAMESPACE {

static_assert(kAttentionBlockRows % kTileRows == 0);

// A head being computed: its inputs and its scratch.
struct Workspace {
  const AttentionHead& head;
  size_t key_count;  // rows of k and v that are packed
  float* keys;
  float* values;
  float* scores;
  size_t score_stride;
};

// k [T, D] -> panels [D, width], so that a row of scores is a row of q times a panel; zeros beyond T.
void PackKeys(const Workspace& work) {
  const auto width = PanelColumns();
  const auto depth = static_cast<size_t>(work.head.head_length);
  const auto stride = static_cast<size_t>(work.head.input_stride);
  float* panel = work.keys;
  for (size_t first = 0; first < work.key_count; first += width) {
    const size_t present = std::min(width, work.key_count - first);
    const float* k = work.head.k + first * stride;
    for (size_t i = 0; i < depth; ++i) {
      for (size_t j = 0; j < present; ++j) panel[j] = k[j * stride + i];
      for (size_t j = present; j < width; ++j) panel[j] = 0;
      panel += width;
    }
  }
}

// v [T, D] -> panels [T, width], zeros beyond D.
void PackValues(const Workspace& work) {
  const auto width = PanelColumns();
  const auto depth = static_cast<size_t>(work.head.head_length);
  const auto stride = static_cast<size_t>(work.head.input_stride);
  float* panel = work.values;
  for (size_t first = 0; first < depth; first += width) {
    const size_t present = std::min(width, depth - first);
    for (size_t row = 0; row < work.key_count; ++row) {
      std::copy_n(work.head.v + row * stride + first, present, panel);
      std::fill(panel + present, panel + width, 0.0F);
      panel += width;
    }
  }
}

// Panels here are in the cache already.
NextPanel NextOf(const float* panel) { return {.address = reinterpret_cast<const std::byte*>(panel)}; }

// scores [rows, first_row + rows] = q k^T of query rows [first_row, first_row + rows), before scaling.
void Score(const Workspace& work, size_t first_row, size_t rows) {
  const size_t width = PanelColumns();
  const auto depth = static_cast<size_t>(work.head.head_length);
  const auto stride = static_cast<size_t>(work.head.input_stride);
  for (size_t column = 0; column < first_row + rows; column += width) {
    const float* panel = work.keys + column * depth;
    for (size_t group = 0; group < rows; group += kTileRows) {
      const size_t count = std::min(kTileRows, rows - group);
      if (column >= first_row + group + count) continue;
      RowsMultiplier<FloatFormat>::ForRows(count)(work.head.q + (first_row + group) * stride, stride, panel, depth,
                                                  NextOf(panel), work.scores + group * work.score_stride + column,
                                                  work.score_stride);
    }
  }
}

// scores[0, count) -> e^(scale (scores - max)) with `scale` times log2(e) given; zeros in [count, padded). Returns
// their sum.
float SoftmaxNumerators(float* scores, size_t count, size_t padded, float exponent_scale) {
  const Floats d;
  const size_t lanes = hn::Lanes(d);
  auto max = hn::Set(d, scores[0]);
  size_t j = 0;
  for (; j + lanes <= count; j += lanes) max = hn::Max(max, hn::LoadU(d, scores + j));
  float largest = hn::ReduceMax(d, max);
  for (; j < count; ++j) largest = std::max(largest, scores[j]);
  const auto maxima = hn::Set(d, largest);
  const auto scales = hn::Set(d, exponent_scale);
  const auto numerator = [&](size_t i) HWY_ATTR {
    hn::Vec<Floats> x[] = {hn::Mul(hn::Sub(hn::LoadU(d, scores + i), maxima), scales)};
    Exp2OfNegative(d, x);
    return x[0];
  };
  auto sum = hn::Zero(d);
  for (j = 0; j + lanes <= count; j += lanes) {
    const auto value = numerator(j);
    hn::StoreU(value, d, scores + j);
    sum = hn::Add(sum, value);
  }
  if (j < count) {
    const auto value = hn::IfThenElseZero(hn::FirstN(d, count - j), numerator(j));
    hn::StoreU(value, d, scores + j);
    sum = hn::Add(sum, value);
    j += lanes;
  }
  for (; j < padded; j += lanes) hn::StoreU(hn::Zero(d), d, scores + j);
  return hn::ReduceSum(d, sum);
}

// out of query rows [first_row, first_row + rows): the scores, by now numerators, times v, over their sums.
void Combine(const Workspace& work, size_t first_row, size_t rows, const float* sums) {
  const Floats d;
  const size_t lanes = hn::Lanes(d);
  const size_t width = PanelColumns();
  const auto depth = static_cast<size_t>(work.head.head_length);
  HWY_ALIGN float weighted[kTileRows * kPanelVectors * hn::MaxLanes(Floats())];
  for (size_t column = 0; column < depth; column += width) {
    const size_t present = std::min(width, depth - column);
    const float* panel = work.values + column * work.key_count;
    for (size_t group = 0; group < rows; group += kTileRows) {
      const size_t count = std::min(kTileRows, rows - group);
      RowsMultiplier<FloatFormat>::ForRows(count)(work.scores + group * work.score_stride, work.score_stride, panel,
                                                  first_row + group + count, NextOf(panel), weighted, width);
      for (size_t i = 0; i < count; ++i) {
        float* out = work.head.out + static_cast<int64_t>(first_row + group + i) * work.head.output_stride + column;
        const auto reciprocal = hn::Set(d, 1.0F / sums[group + i]);
        for (size_t k = 0; k < present; k += lanes) {
          const auto value = hn::Mul(hn::Load(d, weighted + i * width + k), reciprocal);
          if (k + lanes <= present) {
            hn::StoreU(value, d, out + k);
          } else {
            hn::StoreN(value, d, out + k, present - k);
          }
        }
      }
    }
  }
}

void AttendBlock(const Workspace& work, size_t first_row, size_t rows) {
  constexpr float kLog2E = 1.442695041F;
  Score(work, first_row, rows);
  float sums[kAttentionBlockRows];
  for (size_t i = 0; i < rows; ++i) {
    const size_t group_end = std::min(rows, (i / kTileRows + 1) * kTileRows);
    sums[i] = SoftmaxNumerators(work.scores + i * work.score_stride, first_row + i + 1, first_row + group_end,
                                work.head.scale * kLog2E);
  }
  Combine(work, first_row, rows, sums);
}

void AttendRows(const AttentionHead& head, int64_t first_row, int64_t last_row, float* scratch) {
  const AttentionLayout layout(last_row, head.head_length);
  const Workspace work{.head = head,
                       .key_count = static_cast<size_t>(last_row),
                       .keys = scratch,
                       .values = scratch + layout.values,
                       .scores = scratch + layout.scores,
                       .score_stride = static_cast<size_t>(layout.score_stride)};
  PackKeys(work);
  PackValues(work);
  for (int64_t row = first_row; row < last_row; row += kAttentionBlockRows) {
    AttendBlock(work, static_cast<size_t>(row), static_cast<size_t>(std::min(kAttentionBlockRows, last_row - row)));
  }
}

}  // namespace attnd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attnd {

HWY_EXPORT(AttendRows);

int64_t AttentionScratchFloats(int64_t token_count, int64_t head_length) {
  return AttentionLayout(token_count, head_length).size;
}

void Attend(const AttentionHead& head, int64_t first_row, int64_t last_row, float* scratch) {
  HWY_DYNAMIC_DISPATCH(AttendRows)(head, first_row, last_row, scratch);
}

}  // namespace attnd
#endif  // HWY_ONCE
