#include "engine/ops/attention.h"

#include <algorithm>
#include <cstddef>

// Highway compiles the rest of this file once for every instruction set it may find at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/ops/attention.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
// Needs highway.h before it.
#include "hwy/contrib/math/math-inl.h"

#ifndef ENGINE_OPS_ATTENTION_LAYOUT_
#define ENGINE_OPS_ATTENTION_LAYOUT_
namespace attnd {

// Query rows computed together: each key or value loaded serves this many.
constexpr int64_t kQueryRows = 6;
// Row lengths in scratch are multiples of the widest vector, 16 floats.
constexpr int64_t kPadding = 16;

inline int64_t PadRow(int64_t length) { return (length + kPadding - 1) / kPadding * kPadding; }

// Where a head's intermediate results lie in scratch: offsets and row strides in floats.
struct ScratchLayout {
  ScratchLayout(int64_t token_count, int64_t head_length)
      : score_stride(PadRow(token_count)),
        value_stride(PadRow(head_length)),
        values(head_length * score_stride),
        scores(values + token_count * value_stride),
        out(scores + kQueryRows * score_stride),
        size(out + kQueryRows * value_stride) {}

  int64_t score_stride;
  int64_t value_stride;
  // k transposed [D, T] lies at 0.
  int64_t values;  // v [T, D]
  int64_t scores;  // of one block of rows [kQueryRows, T]
  int64_t out;     // weighted values of that block [kQueryRows, D]
  int64_t size;
};

}  // namespace attnd
#endif  // ENGINE_OPS_ATTENTION_LAYOUT_

HWY_BEFORE_NAMESPACE();
namespace attnd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, kPadding>;
using Vector = hn::Vec<Floats>;

// Vectors of a row computed together; with kQueryRows of them the sums fill the register file.
constexpr size_t kVectors = HWY_MAX_BYTES >= 64 ? 4 : 2;

// Strides of c = a b, with a [rows, depth], b [depth, columns], c [rows, columns].
struct ProductStrides {
  int64_t a;
  int64_t b;
  int64_t c;
};

// One tile of c = a b: kRows rows of kCount vectors.
template <int64_t kRows, size_t kCount>
HWY_INLINE void MultiplyTile(const float* a, const float* b, float* c, int64_t depth, const ProductStrides& strides) {
  const Floats d;
  const size_t lanes = hn::Lanes(d);
  Vector sums[kRows][kCount];
  for (auto& row : sums) {
    for (Vector& sum : row) sum = hn::Zero(d);
  }
  for (int64_t k = 0; k < depth; ++k) {
    Vector b_vectors[kCount];
    for (size_t j = 0; j < kCount; ++j) b_vectors[j] = hn::LoadU(d, b + k * strides.b + j * lanes);
    for (int64_t i = 0; i < kRows; ++i) {
      const Vector a_vector = hn::Set(d, a[i * strides.a + k]);
      for (size_t j = 0; j < kCount; ++j) sums[i][j] = hn::MulAdd(a_vector, b_vectors[j], sums[i][j]);
    }
  }
  for (int64_t i = 0; i < kRows; ++i) {
    for (size_t j = 0; j < kCount; ++j) hn::StoreU(sums[i][j], d, c + i * strides.c + j * lanes);
  }
}

// c = a b for kRows rows; columns are rounded up to whole vectors.
template <int64_t kRows>
void MultiplyRows(const float* a, const float* b, float* c, int64_t depth, int64_t columns,
                  const ProductStrides& strides) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(Floats()));
  constexpr auto kTile = static_cast<int64_t>(kVectors);
  int64_t column = 0;
  for (; column + (kTile - 1) * lanes < columns; column += kTile * lanes) {
    MultiplyTile<kRows, kVectors>(a, b + column, c + column, depth, strides);
  }
  for (; column < columns; column += lanes) {
    MultiplyTile<kRows, 1>(a, b + column, c + column, depth, strides);
  }
}

void Multiply(int64_t rows, const float* a, const float* b, float* c, int64_t depth, int64_t columns,
              const ProductStrides& strides) {
  static_assert(kQueryRows == 6);
  switch (rows) {
    case 1:
      return MultiplyRows<1>(a, b, c, depth, columns, strides);
    case 2:
      return MultiplyRows<2>(a, b, c, depth, columns, strides);
    case 3:
      return MultiplyRows<3>(a, b, c, depth, columns, strides);
    case 4:
      return MultiplyRows<4>(a, b, c, depth, columns, strides);
    case 5:
      return MultiplyRows<5>(a, b, c, depth, columns, strides);
    default:
      return MultiplyRows<6>(a, b, c, depth, columns, strides);
  }
}

// scores[0, count) -> exp(scale (scores - max)), zeros in [count, padded_count). Returns their sum.
float SoftmaxNumerators(float* scores, int64_t count, int64_t padded_count, float scale) {
  const Floats d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto lowest = hn::Set(d, hwy::LowestValue<float>());
  const auto first = [&](int64_t j) {
    return hn::FirstN(d, static_cast<size_t>(std::clamp(count - j, int64_t{0}, lanes)));
  };
  Vector max = lowest;
  for (int64_t j = 0; j < count; j += lanes) {
    max = hn::Max(max, hn::IfThenElse(first(j), hn::LoadU(d, scores + j), lowest));
  }
  const auto max_of_all = hn::Set(d, hn::ReduceMax(d, max));
  const auto scales = hn::Set(d, scale);
  Vector sum = hn::Zero(d);
  for (int64_t j = 0; j < padded_count; j += lanes) {
    const auto exponent = hn::Mul(hn::Sub(hn::LoadU(d, scores + j), max_of_all), scales);
    const auto numerator = hn::IfThenElseZero(first(j), hn::Exp(d, exponent));
    hn::StoreU(numerator, d, scores + j);
    sum = hn::Add(sum, numerator);
  }
  return hn::ReduceSum(d, sum);
}

// One head with its scratch.
struct Workspace {
  float* keys;    // [D, T], stride layout.score_stride
  float* values;  // [T, D], stride layout.value_stride
  float* scores;  // [kQueryRows, T], stride layout.score_stride
  float* out;     // [kQueryRows, D], stride layout.value_stride
  ScratchLayout layout;
};

// k [T, D] -> keys [D, T], so that a row of scores is a sum of rows of keys; columns beyond T are zero.
void PackKeys(const AttentionHead& head, const Workspace& work) {
  const int64_t stride = work.layout.score_stride;
  // Blocks of columns, so that whole cache lines are written.
  for (int64_t block = 0; block < stride; block += kPadding) {
    const int64_t present = std::clamp(head.token_count - block, int64_t{0}, kPadding);
    for (int64_t k = 0; k < head.head_length; ++k) {
      float* column = work.keys + k * stride + block;
      for (int64_t j = 0; j < present; ++j) column[j] = head.k[(block + j) * head.input_stride + k];
      std::fill(column + present, column + kPadding, 0.0F);
    }
  }
}

// v [T, D] -> values [T, D] with rows padded to whole vectors by zeros.
void PackValues(const AttentionHead& head, const Workspace& work) {
  for (int64_t j = 0; j < head.token_count; ++j) {
    float* row = work.values + j * work.layout.value_stride;
    std::copy_n(head.v + j * head.input_stride, head.head_length, row);
    std::fill(row + head.head_length, row + work.layout.value_stride, 0.0F);
  }
}

// Rows [first, first + rows) of the output.
void AttendRows(const AttentionHead& head, const Workspace& work, int64_t first, int64_t rows) {
  const int64_t score_stride = work.layout.score_stride;
  const int64_t value_stride = work.layout.value_stride;
  const int64_t key_count = first + rows;
  Multiply(rows, head.q + first * head.input_stride, work.keys, work.scores, head.head_length, key_count,
           {.a = head.input_stride, .b = score_stride, .c = score_stride});
  float sums[kQueryRows];
  for (int64_t i = 0; i < rows; ++i) {
    sums[i] = SoftmaxNumerators(work.scores + i * score_stride, first + i + 1, key_count, head.scale);
  }
  Multiply(rows, work.scores, work.values, work.out, key_count, head.head_length,
           {.a = score_stride, .b = value_stride, .c = value_stride});
  for (int64_t i = 0; i < rows; ++i) {
    const float* weighted = work.out + i * value_stride;
    float* out = head.out + (first + i) * head.output_stride;
    for (int64_t k = 0; k < head.head_length; ++k) out[k] = weighted[k] / sums[i];
  }
}

void AttendHead(const AttentionHead& head, float* scratch) {
  const ScratchLayout layout(head.token_count, head.head_length);
  const Workspace work{.keys = scratch,
                       .values = scratch + layout.values,
                       .scores = scratch + layout.scores,
                       .out = scratch + layout.out,
                       .layout = layout};
  PackKeys(head, work);
  PackValues(head, work);
  for (int64_t first = 0; first < head.token_count; first += kQueryRows) {
    AttendRows(head, work, first, std::min(kQueryRows, head.token_count - first));
  }
}

}  // namespace attnd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attnd {

HWY_EXPORT(AttendHead);

int64_t AttentionScratchSize(int64_t token_count, int64_t head_length) {
  return ScratchLayout(token_count, head_length).size;
}

void Attend(const AttentionHead& head, float* scratch) { HWY_DYNAMIC_DISPATCH(AttendHead)(head, scratch); }

}  // namespace attnd
#endif  // HWY_ONCE
