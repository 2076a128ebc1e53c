#include "engine/ops/layer_norm.h"

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

float Mean(const float* x, size_t channels) {
  const Floats d;
  const size_t lanes = hn::Lanes(d);
  auto sum = hn::Zero(d);
  size_t i = 0;
  for (; i + lanes <= channels; i += lanes) sum = hn::Add(sum, hn::LoadU(d, x + i));
  if (i < channels) sum = hn::Add(sum, hn::LoadN(d, x + i, channels - i));
  return hn::ReduceSum(d, sum) / static_cast<float>(channels);
}

float Variance(const float* x, size_t channels, float mean) {
  const Floats d;
  const size_t lanes = hn::Lanes(d);
  const auto means = hn::Set(d, mean);
  auto sum = hn::Zero(d);
  size_t i = 0;
  for (; i + lanes <= channels; i += lanes) {
    const auto centred = hn::Sub(hn::LoadU(d, x + i), means);
    sum = hn::MulAdd(centred, centred, sum);
  }
  if (i < channels) {
    const auto present = hn::FirstN(d, channels - i);
    const auto centred = hn::IfThenElseZero(present, hn::Sub(hn::LoadN(d, x + i, channels - i), means));
    sum = hn::MulAdd(centred, centred, sum);
  }
  return hn::ReduceSum(d, sum) / static_cast<float>(channels);
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
