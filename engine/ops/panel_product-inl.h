// The innermost loops of a matrix product: some rows of x times one panel of packed weights, sums in registers. Include
// inside foreach_target files, after highway.h.
//
// A panel is kPanelVectors vectors of columns wide. It holds the weights in the order they are read: for each step down
// the inputs, which takes Format::kDepth of them, one after the other for every column.

#if defined(ENGINE_OPS_PANEL_PRODUCT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ENGINE_OPS_PANEL_PRODUCT_INL_H_
#undef ENGINE_OPS_PANEL_PRODUCT_INL_H_
#else
#define ENGINE_OPS_PANEL_PRODUCT_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace attnd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
using Integers = hn::ScalableTag<int32_t>;

constexpr size_t kPanelVectors = 2;
// Rows computed together: with two vectors a row the sums take 24 of 32 registers, or 12 of 16.
constexpr size_t kTileRows = HWY_TARGET <= HWY_AVX3 ? 12 : 6;

inline size_t PanelColumns() { return kPanelVectors * hn::Lanes(Floats()); }

// Products of floats, whatever the weights are stored as.
struct FloatProducts {
  using Input = float;
  using Sum = float;
  using SumTag = Floats;
  using Operand = hn::Vec<Floats>;
  static constexpr size_t kDepth = 1;

  static HWY_INLINE Operand LoadInput(const float* x) { return hn::Set(Floats(), *x); }
  static HWY_INLINE Operand MultiplyAdd(Operand x, Operand w, Operand sum) { return hn::MulAdd(x, w, sum); }
};

// Weights in float.
struct FloatFormat : FloatProducts {
  using Weight = float;

  static HWY_INLINE void LoadWeights(const float* step, Operand& first, Operand& second) {
    const Floats d;
    first = hn::Load(d, step);
    second = hn::Load(d, step + hn::Lanes(d));
  }
};

#if HWY_NATIVE_DOT_BF16
// Inputs and weights in bfloat16, two products to a sum in float.
struct Bfloat16Format {
  using Input = uint16_t;
  using Weight = uint16_t;
  using Sum = float;
  using SumTag = Floats;
  using Tag = hn::Repartition<hwy::bfloat16_t, Floats>;
  using Operand = hn::Vec<Tag>;
  static constexpr size_t kDepth = 2;

  static HWY_INLINE void LoadWeights(const uint16_t* step, Operand& first, Operand& second) {
    const Tag d;
    first = hn::Load(d, reinterpret_cast<const hwy::bfloat16_t*>(step));
    second = hn::Load(d, reinterpret_cast<const hwy::bfloat16_t*>(step) + hn::Lanes(d));
  }
  static HWY_INLINE Operand LoadInput(const uint16_t* x) {
    int32_t two;
    std::memcpy(&two, x, sizeof(two));
    return hn::BitCast(Tag(), hn::Set(Integers(), two));
  }
  static HWY_INLINE hn::Vec<Floats> MultiplyAdd(Operand x, Operand w, hn::Vec<Floats> sum) {
    auto unused = hn::Zero(Floats());
    return hn::ReorderWidenMulAccumulate(Floats(), x, w, sum, unused);
  }
};
#else
// Weights in bfloat16, which is the upper half of a float, and inputs in float. Columns j and j + lanes share 32 bits,
// the first in the lower half.
struct Bfloat16Format : FloatProducts {
  using Weight = uint16_t;

  static HWY_INLINE void LoadWeights(const uint16_t* step, Operand& first, Operand& second) {
    const Floats d;
    const hn::RebindToUnsigned<Floats> du;
    const auto pairs = hn::Load(du, reinterpret_cast<const uint32_t*>(step));
    first = hn::BitCast(d, hn::ShiftLeft<16>(pairs));
    second = hn::BitCast(d, hn::And(pairs, hn::Set(du, 0xFFFF0000U)));
  }
};
#endif

// Inputs of 8 bits unsigned, weights of 8 bits signed, four products to a 32-bit sum.
struct Int8Format {
  using Input = uint8_t;
  using Weight = int8_t;
  using Sum = int32_t;
  using SumTag = Integers;
  using Operand = hn::Vec<Integers>;
  static constexpr size_t kDepth = 4;
  // Whether two neighbouring products are added in 16 bits first, for want of an instruction that adds four in 32. Then
  // the sum of two neighbouring weights must not exceed 128, as 255 * 128 just fits.
  static constexpr bool kAddsPairsIn16Bits = HWY_TARGET > HWY_AVX3_DL;

  static HWY_INLINE void LoadWeights(const int8_t* step, Operand& first, Operand& second) {
    const Integers d;
    first = hn::Load(d, reinterpret_cast<const int32_t*>(step));
    second = hn::Load(d, reinterpret_cast<const int32_t*>(step) + hn::Lanes(d));
  }
  static HWY_INLINE Operand LoadInput(const uint8_t* x) {
    int32_t four;
    std::memcpy(&four, x, sizeof(four));
    return hn::Set(Integers(), four);
  }
  static HWY_INLINE Operand MultiplyAdd(Operand x, Operand w, Operand sum) {
    const Integers d;
    const hn::Repartition<uint8_t, Integers> du8;
    const hn::Repartition<int8_t, Integers> di8;
    const auto x8 = hn::BitCast(du8, x);
    const auto w8 = hn::BitCast(di8, w);
#if HWY_TARGET <= HWY_AVX3_DL
    return hn::SumOfMulQuadAccumulate(d, x8, w8, sum);
#else
    const hn::Repartition<int16_t, Integers> di16;
    const auto pairs = hn::SatWidenMulPairwiseAdd(di16, x8, w8);
    return hn::Add(sum, hn::WidenMulPairwiseAdd(d, pairs, hn::Set(di16, 1)));
#endif
  }
};

// Memory to fetch into the cache meanwhile: `bytes_per_step` from `address` on at every step.
struct NextPanel {
  const std::byte* address = nullptr;
  size_t bytes_per_step = 0;
};

// ThreadSanitizer makes a call of each read, and a forward pass of the innermost loops' own many times as long. It
// still sees inputs written, and read by all else that does.
#if defined(__SANITIZE_THREAD__)
#define ATTND_READS_UNSEEN __attribute__((no_sanitize("thread")))
#else
#define ATTND_READS_UNSEEN
#endif

// sums [kRows, PanelColumns()] = x [kRows, steps * kDepth] times the panel. Strides are in elements; `sums` and its
// stride are aligned to vectors.
template <class Format, size_t kRows>
ATTND_READS_UNSEEN HWY_NOINLINE void MultiplyRows(const typename Format::Input* HWY_RESTRICT x, size_t x_stride,
                                                  const typename Format::Weight* HWY_RESTRICT panel, size_t steps,
                                                  NextPanel next, typename Format::Sum* HWY_RESTRICT sums,
                                                  size_t sums_stride) {
  const typename Format::SumTag d;
  const size_t lanes = hn::Lanes(d);
  const size_t step_weights = kPanelVectors * lanes * Format::kDepth;
  hn::Vec<typename Format::SumTag> rows[kRows][kPanelVectors];
  HWY_UNROLL(16)
  for (size_t i = 0; i < kRows; ++i) rows[i][0] = rows[i][1] = hn::Zero(d);
  for (size_t step = 0; step < steps; ++step) {
    typename Format::Operand first;
    typename Format::Operand second;
    Format::LoadWeights(panel, first, second);
    panel += step_weights;
    __builtin_prefetch(next.address, /*rw=*/0, /*locality=*/2);
    next.address += next.bytes_per_step;
    HWY_UNROLL(16)
    for (size_t i = 0; i < kRows; ++i) {
      const auto input = Format::LoadInput(x + i * x_stride);
      rows[i][0] = Format::MultiplyAdd(input, first, rows[i][0]);
      rows[i][1] = Format::MultiplyAdd(input, second, rows[i][1]);
    }
    x += Format::kDepth;
  }
  HWY_UNROLL(16)
  for (size_t i = 0; i < kRows; ++i) {
    hn::Store(rows[i][0], d, sums + i * sums_stride);
    hn::Store(rows[i][1], d, sums + i * sums_stride + lanes);
  }
}

// MultiplyRows for a number of rows, in [1, kTileRows], known at run time.
template <class Format>
class RowsMultiplier {
 public:
  using Function = void (*)(const typename Format::Input*, size_t, const typename Format::Weight*, size_t, NextPanel,
                            typename Format::Sum*, size_t);

  static HWY_INLINE Function ForRows(size_t rows) { return kFunctions[rows - 1]; }

 private:
  template <size_t... kIndices>
  struct Table {
    Function functions[sizeof...(kIndices)] = {&MultiplyRows<Format, kIndices + 1>...};
    constexpr Function operator[](size_t index) const { return functions[index]; }
  };
  template <size_t... kIndices>
  static constexpr Table<kIndices...> MakeTable(std::index_sequence<kIndices...>) {
    return {};
  }

  static constexpr auto kFunctions = MakeTable(std::make_index_sequence<kTileRows>());
};

}  // namespace attnd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // ENGINE_OPS_PANEL_PRODUCT_INL_H_
