#include "engine/ops/row_conversion.h"

#include <algorithm>

// Highway compiles the rest of this file once for every instruction set it may find at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/ops/row_conversion.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
// Needs highway.h before it.
#include "engine/ops/bfloat16-inl.h"

HWY_BEFORE_NAMESPACE();
namespace attnd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;

struct Range {
  float lowest;  // NaN where one of the values is, or infinite
  float highest;
};

// Vectors looked at side by side: one minimum waits for the one before.
constexpr size_t kChains = 4;

Range RangeOf(const float* x, size_t length) {
  const Floats d;
  const size_t lanes = hn::Lanes(d);
  hn::Vec<Floats> low[kChains];
  hn::Vec<Floats> high[kChains];
  // Stays zero as long as all are finite: Min and Max forget a NaN.
  hn::Vec<Floats> poison[kChains];
  HWY_UNROLL(4)
  for (size_t chain = 0; chain < kChains; ++chain) {
    low[chain] = high[chain] = hn::Set(d, x[0]);
    poison[chain] = hn::Zero(d);
  }
  const auto include = [&](size_t chain, hn::Vec<Floats> values) HWY_ATTR {
    low[chain] = hn::Min(low[chain], values);
    high[chain] = hn::Max(high[chain], values);
    poison[chain] = hn::MulAdd(values, hn::Zero(d), poison[chain]);
  };
  size_t i = 0;
  for (; i + kChains * lanes <= length; i += kChains * lanes) {
    HWY_UNROLL(4)
    for (size_t chain = 0; chain < kChains; ++chain) include(chain, hn::LoadU(d, x + i + chain * lanes));
  }
  for (; i < length; i += lanes) include(0, hn::LoadNOr(hn::Set(d, x[0]), d, x + i, std::min(lanes, length - i)));
  HWY_UNROLL(4)
  for (size_t chain = 1; chain < kChains; ++chain) {
    low[0] = hn::Min(low[0], low[chain]);
    high[0] = hn::Max(high[0], high[chain]);
    poison[0] = hn::Add(poison[0], poison[chain]);
  }
  return {.lowest = hn::ReduceMin(d, low[0]) + hn::ReduceSum(d, poison[0]), .highest = hn::ReduceMax(d, high[0])};
}

// A vector of (values - offsets) scales, which lie in [0, 255], as unsigned bytes, to nearest even.
HWY_INLINE hn::Vec<hn::Rebind<uint8_t, Floats>> Quantise(hn::Vec<Floats> values, hn::Vec<Floats> offsets,
                                                         hn::Vec<Floats> scales) {
  // Adding 2^23 rounds to an integer, which then stands in the low bits.
  const auto shifted = hn::MulAdd(hn::Sub(values, offsets), scales, hn::Set(Floats(), 8388608.0F));
  return hn::TruncateTo(hn::Rebind<uint8_t, Floats>(), hn::BitCast(hn::RebindToUnsigned<Floats>(), shifted));
}

void QuantiseRow(const float* x, size_t length, uint8_t* quantised) {
  const Floats d;
  const hn::Rebind<uint8_t, Floats> du8;
  const size_t lanes = hn::Lanes(d);
  const auto [lowest, highest] = RangeOf(x, length);
  const float range = highest - lowest;
  const auto offsets = hn::Set(d, lowest);
  const auto scales = hn::Set(d, range > 0 ? 255.0F / range : 0.0F);
  size_t i = 0;
  for (; i + lanes <= length; i += lanes) {
    hn::StoreU(Quantise(hn::LoadU(d, x + i), offsets, scales), du8, quantised + i);
  }
  if (const size_t rest = length - i; rest > 0) {
    hn::StoreN(Quantise(hn::LoadN(d, x + i, rest), offsets, scales), du8, quantised + i, rest);
  }
  const auto padded = static_cast<size_t>(PaddedRowBytes(static_cast<int64_t>(length)));
  std::fill(quantised + length, quantised + padded, uint8_t{0});
  const RowQuantisation quantisation{.scale = range / 255.0F, .lowest = lowest};
  std::memcpy(quantised + padded, &quantisation, sizeof(quantisation));
}

void QuantiseAll(int64_t rows, int64_t length, const float* x, int64_t stride, uint8_t* quantised) {
  for (int64_t row = 0; row < rows; ++row) {
    QuantiseRow(x + row * stride, static_cast<size_t>(length), quantised + row * QuantisedRowBytes(length));
  }
}

void RoundAll(int64_t rows, int64_t length, const float* x, int64_t stride, std::byte* rounded) {
  for (int64_t row = 0; row < rows; ++row) {
    auto* rounded_row = reinterpret_cast<uint16_t*>(rounded + row * Bfloat16RowBytes(length));
    RoundRow(x + row * stride, static_cast<size_t>(length), rounded_row);
    std::fill(rounded_row + length, rounded_row + PaddedRowBytes(length * 2) / 2, uint16_t{0});
  }
}

}  // namespace attnd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attnd {

HWY_EXPORT(QuantiseAll);
HWY_EXPORT(RoundAll);

void QuantiseRows(int64_t rows, int64_t length, const float* x, int64_t stride, uint8_t* quantised) {
  HWY_DYNAMIC_DISPATCH(QuantiseAll)(rows, length, x, stride, quantised);
}

void RoundRowsToBfloat16(int64_t rows, int64_t length, const float* x, int64_t stride, std::byte* rounded) {
  HWY_DYNAMIC_DISPATCH(RoundAll)(rows, length, x, stride, rounded);
}

}  // namespace attnd
#endif  // HWY_ONCE
