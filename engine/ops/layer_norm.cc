#include "engine/ops/layer_norm.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

// Highway compiles the rest of this file once for every instruction set it may find at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/ops/layer_norm.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace attnd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;

// Vectors added up side by side: one sum waits for the one before.
constexpr size_t kChains = 4;

// The sum of what `add_term` adds for each element of x [length]. It gets vectors of them and of `filler`, for which it
// adds nothing.
template <class AddTerm>
HWY_INLINE float SumOf(const float* x, size_t length, float filler, AddTerm add_term) {
  const Floats d;
  const size_t lanes = hn::Lanes(d);
  hn::Vec<Floats> sums[kChains];
  HWY_UNROLL(4)
  for (auto& sum : sums) sum = hn::Zero(d);
  size_t i = 0;
  for (; i + kChains * lanes <= length; i += kChains * lanes) {
    HWY_UNROLL(4)
    for (size_t chain = 0; chain < kChains; ++chain) {
      sums[chain] = add_term(sums[chain], hn::LoadU(d, x + i + chain * lanes));
    }
  }
  for (; i < length; i += lanes) {
    sums[0] = add_term(sums[0], hn::LoadNOr(hn::Set(d, filler), d, x + i, std::min(lanes, length - i)));
  }
  HWY_UNROLL(4)
  for (size_t chain = 1; chain < kChains; ++chain) sums[0] = hn::Add(sums[0], sums[chain]);
  return hn::ReduceSum(d, sums[0]);
}

float Mean(const float* x, size_t channels) {
  const float sum = SumOf(x, channels, 0.0F, [](auto terms, auto values) HWY_ATTR { return hn::Add(terms, values); });
  return sum / static_cast<float>(channels);
}

float Variance(const float* x, size_t channels, float mean) {
  const auto means = hn::Set(Floats(), mean);
  const float sum = SumOf(x, channels, mean, [&](auto terms, auto values) HWY_ATTR {
    const auto centred = hn::Sub(values, means);
    return hn::MulAdd(centred, centred, terms);
  });
  return sum / static_cast<float>(channels);
}

void NormaliseRow(const LayerNormWeights& weights, const float* x, float* y) {
  const Floats d;
  const size_t lanes = hn::Lanes(d);
  const size_t channels = weights.gain.size();
  const float* gain = weights.gain.data();
  const float* bias = weights.bias.data();
  const float mean = Mean(x, channels);
  const auto means = hn::Set(d, mean);
  // A variance too large for a float would make every unit zero, and the row its bias.
  const float variance = Variance(x, channels, mean);
  const float scale = std::isfinite(variance) ? 1.0F / std::sqrt(variance + weights.epsilon) : NAN;
  const auto scales = hn::Set(d, scale);
  size_t i = 0;
  for (; i + lanes <= channels; i += lanes) {
    const auto unit = hn::Mul(hn::Sub(hn::LoadU(d, x + i), means), scales);
    hn::StoreU(hn::MulAdd(unit, hn::LoadU(d, gain + i), hn::LoadU(d, bias + i)), d, y + i);
  }
  if (const size_t rest = channels - i; rest > 0) {
    const auto unit = hn::Mul(hn::Sub(hn::LoadN(d, x + i, rest), means), scales);
    hn::StoreN(hn::MulAdd(unit, hn::LoadN(d, gain + i, rest), hn::LoadN(d, bias + i, rest)), d, y + i, rest);
  }
}

void LayerNormRows(const LayerNormWeights& weights, int64_t rows, const float* x, float* y, int64_t stride) {
  for (int64_t row = 0; row < rows; ++row) NormaliseRow(weights, x + row * stride, y + row * stride);
}

}  // namespace attnd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attnd {

HWY_EXPORT(LayerNormRows);

void LayerNorm(const LayerNormWeights& weights, int64_t rows, const float* x, float* y, int64_t stride) {
  HWY_DYNAMIC_DISPATCH(LayerNormRows)(weights, rows, x, y, stride);
}

}  // namespace attnd
#endif  // HWY_ONCE
