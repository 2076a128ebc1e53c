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

Range RangeOf(const float* x, size_t length) {
  const Floats d;
  const size_t lanes = hn::Lanes(d);
  // Two at a time: one vector's minimum waits for the one before.
  auto low = hn::Set(d, x[0]);
  auto high = low;
  auto low2 = low;
  auto high2 = low;
  // Stays zero as long as all are finite: Min and Max forget a NaN.
  auto poison = hn::Zero(d);
  auto poison2 = hn::Zero(d);
  size_t i = 0;
  for (; i + 2 * lanes <= length; i += 2 * lanes) {
    const auto values = hn::LoadU(d, x + i);
    const auto values2 = hn::LoadU(d, x + i + lanes);
    low = hn::Min(low, values);
    high = hn::Max(high, values);
    low2 = hn::Min(low2, values2);
    high2 = hn::Max(high2, values2);
    poison = hn::MulAdd(values, hn::Zero(d), poison);
    poison2 = hn::MulAdd(values2, hn::Zero(d), poison2);
  }
  Range range{hn::ReduceMin(d, hn::Min(low, low2)), hn::ReduceMax(d, hn::Max(high, high2))};
  float poison_of_rest = 0;
  for (; i < length; ++i) {
    range.lowest = std::min(range.lowest, x[i]);
    range.highest = std::max(range.highest, x[i]);
    poison_of_rest += x[i] * 0.0F;
  }
  range.lowest += hn::ReduceSum(d, hn::Add(poison, poison2)) + poison_of_rest;
  return range;
}

// A vector of (values - offsets) scales as unsigned bytes, to nearest even.
HWY_INLINE hn::Vec<hn::Rebind<uint8_t, Floats>> Quantise(hn::Vec<Floats> values, hn::Vec<Floats> offsets,
                                                         hn::Vec<Floats> scales) {
  return hn::DemoteTo(hn::Rebind<uint8_t, Floats>(), hn::NearestInt(hn::Mul(hn::Sub(values, offsets), scales)));
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
