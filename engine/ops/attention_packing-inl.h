// Queries, keys and values of a head in the form that the products of attention take them in. Include inside
// foreach_target files, after panel_product-inl.h.

#if defined(ENGINE_OPS_ATTENTION_PACKING_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ENGINE_OPS_ATTENTION_PACKING_INL_H_
#undef ENGINE_OPS_ATTENTION_PACKING_INL_H_
#else
#define ENGINE_OPS_ATTENTION_PACKING_INL_H_
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "engine/ops/bfloat16-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace attnd::HWY_NAMESPACE {

// Some rows of one head of q, k or v.
struct HeadRows {
  const float* x;  // [count, length], row stride `stride`
  size_t count;
  size_t length;  // D
  size_t stride;  // in floats
};

// x [rows, columns] of 32 bits each -> transposed [columns, width], zeros in columns [rows, width).
inline void Transpose(const uint32_t* HWY_RESTRICT x, size_t stride, size_t rows, size_t columns, size_t width,
                      uint32_t* HWY_RESTRICT transposed) {
  const hn::FixedTag<uint32_t, 4> d;
  const hn::RepartitionToWide<decltype(d)> wide;
  const size_t square_rows = rows / 4 * 4;
  const size_t square_columns = columns / 4 * 4;
  for (size_t column = 0; column < square_columns; column += 4) {
    for (size_t row = 0; row < square_rows; row += 4) {
      const uint32_t* square = x + row * stride + column;
      const auto x0 = hn::LoadU(d, square);
      const auto x1 = hn::LoadU(d, square + stride);
      const auto x2 = hn::LoadU(d, square + 2 * stride);
      const auto x3 = hn::LoadU(d, square + 3 * stride);
      const auto low01 = hn::BitCast(wide, hn::InterleaveLower(d, x0, x1));
      const auto low23 = hn::BitCast(wide, hn::InterleaveLower(d, x2, x3));
      const auto high01 = hn::BitCast(wide, hn::InterleaveUpper(d, x0, x1));
      const auto high23 = hn::BitCast(wide, hn::InterleaveUpper(d, x2, x3));
      uint32_t* out = transposed + column * width + row;
      hn::StoreU(hn::BitCast(d, hn::InterleaveLower(wide, low01, low23)), d, out);
      hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(wide, low01, low23)), d, out + width);
      hn::StoreU(hn::BitCast(d, hn::InterleaveLower(wide, high01, high23)), d, out + 2 * width);
      hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(wide, high01, high23)), d, out + 3 * width);
    }
  }
  for (size_t column = 0; column < columns; ++column) {
    const size_t done = column < square_columns ? square_rows : 0;
    uint32_t* out = transposed + column * width;
    for (size_t row = done; row < rows; ++row) out[row] = x[row * stride + column];
    std::fill(out + rows, out + width, 0);
  }
}

// Products of floats: rows of q as they are.
struct FloatAttention {
  using Format = FloatFormat;
  static constexpr Accuracy kAccuracy = Accuracy::kFloat;  // of the softmax's numerators

  static size_t QueryStride(const HeadRows& q) { return q.stride; }
  static const float* PrepareQueries(const HeadRows& q, float* /*prepared*/) { return q.x; }

  // k [count, D], at most a panel's width of rows -> a panel [D, width].
  static void PackKeys(const HeadRows& k, float* /*rows*/, float* panel) {
    Transpose(reinterpret_cast<const uint32_t*>(k.x), k.stride, k.count, k.length, PanelColumns(),
              reinterpret_cast<uint32_t*>(panel));
  }

  // v [count, D], at most a panel's width of columns -> a panel [count, width].
  static void PackValues(const HeadRows& v, float* panel) {
    for (size_t row = 0; row < v.count; ++row, panel += PanelColumns()) {
      std::copy_n(v.x + row * v.stride, v.length, panel);
      std::fill(panel + v.length, panel + PanelColumns(), 0.0F);
    }
  }
};

#if HWY_NATIVE_DOT_BF16
// Products of pairs of bfloat16.
struct Bfloat16Attention {
  using Format = Bfloat16Format;
  static constexpr Accuracy kAccuracy = Accuracy::kBfloat16;

  // Of rows rounded one by one, in pairs, the last of which is filled with zero.
  static size_t QueryStride(const HeadRows& q) { return (q.length + 1) / 2 * 2; }
  static const uint16_t* PrepareQueries(const HeadRows& q, uint16_t* prepared) {
    const size_t stride = QueryStride(q);
    for (size_t row = 0; row < q.count; ++row) {
      RoundRow(q.x + row * q.stride, q.length, prepared + row * stride);
      if (q.length < stride) prepared[row * stride + q.length] = 0;
    }
    return prepared;
  }

  // As in float, a pair of channels in place of one.
  static void PackKeys(const HeadRows& k, uint16_t* rows, uint16_t* panel) {
    const size_t pairs = QueryStride(k) / 2;
    Transpose(reinterpret_cast<const uint32_t*>(PrepareQueries(k, rows)), pairs, k.count, pairs, PanelColumns(),
              reinterpret_cast<uint32_t*>(panel));
  }

  // As in float, a pair of rows in place of one.
  static void PackValues(const HeadRows& v, uint16_t* panel) {
    const Integers d;
    const hn::RebindToUnsigned<Integers> du;
    const auto rounded = [&](const float* x, size_t count)
                             HWY_ATTR { return hn::PromoteTo(du, RoundToBfloat16(hn::LoadN(Floats(), x, count))); };
    auto* pairs = reinterpret_cast<uint32_t*>(panel);
    for (size_t row = 0; row < v.count; row += 2, pairs += PanelColumns()) {
      for (size_t i = 0; i < PanelColumns(); i += hn::Lanes(d)) {
        const size_t present = i < v.length ? std::min(v.length - i, hn::Lanes(d)) : 0;
        const float* x = v.x + row * v.stride + i;
        const auto first = rounded(x, present);
        const auto second = row + 1 < v.count ? rounded(x + v.stride, present) : hn::Zero(du);
        hn::Store(hn::Or(first, hn::ShiftLeft<16>(second)), du, pairs + i);
      }
    }
  }
};
#endif

}  // namespace attnd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // ENGINE_OPS_ATTENTION_PACKING_INL_H_
