#include "engine/ops/log_sum_exp.h"

#include <cmath>
#include <cstddef>
#include <limits>

// Highway compiles the rest of this file once for every instruction set it may find at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/ops/log_sum_exp.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
// Below foreach_target.
#include "engine/ops/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace attnd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
using Doubles = hn::Repartition<double, Floats>;

// The largest of `x`; NaN when one is not finite.
float LargestOfFinite(const float* x, size_t count) {
  const Floats d;
  const size_t lanes = hn::Lanes(d);
  auto largest = hn::Set(d, x[0]);
  // Stays zero as long as all are finite.
  auto poison = hn::Zero(d);
  const auto add = [&](hn::Vec<Floats> values) HWY_ATTR {
    largest = hn::Max(largest, values);
    poison = hn::MulAdd(values, hn::Zero(d), poison);
  };
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) add(hn::LoadU(d, x + i));
  if (i < count) {
    add(hn::IfThenElse(hn::FirstN(d, count - i), hn::LoadN(d, x + i, count - i), hn::Set(d, x[0])));
  }
  return hn::ReduceMax(d, largest) + hn::ReduceSum(d, poison);
}

// The sum of e^(x - largest).
double SumOfExponentials(const float* x, size_t count, float largest) {
  constexpr float kLog2E = 1.442695041F;
  constexpr size_t kVectors = 4;
  const Floats d;
  const Doubles dd;
  const size_t lanes = hn::Lanes(d);
  auto lower = hn::Zero(dd);
  auto upper = hn::Zero(dd);
  const auto exponent = [&](hn::Vec<Floats> values)
                            HWY_ATTR { return hn::Mul(hn::Sub(values, hn::Set(d, largest)), hn::Set(d, kLog2E)); };
  const auto add = [&](hn::Vec<Floats> values) HWY_ATTR {
    lower = hn::Add(lower, hn::PromoteLowerTo(dd, values));
    upper = hn::Add(upper, hn::PromoteUpperTo(dd, values));
  };
  size_t i = 0;
  for (; i + kVectors * lanes <= count; i += kVectors * lanes) {
    hn::Vec<Floats> powers[kVectors];
    for (size_t v = 0; v < kVectors; ++v) powers[v] = exponent(hn::LoadU(d, x + i + v * lanes));
    Exp2OfNegative<Accuracy::kFloat>(d, powers);
    for (const auto& power : powers) add(power);
  }
  for (; i < count; i += lanes) {
    const auto present = hn::FirstN(d, count - i);
    hn::Vec<Floats> powers[1] = {
        exponent(hn::IfThenElse(present, hn::LoadN(d, x + i, count - i), hn::Set(d, largest)))};
    Exp2OfNegative<Accuracy::kFloat>(d, powers);
    add(hn::IfThenElseZero(present, powers[0]));
  }
  return hn::ReduceSum(dd, hn::Add(lower, upper));
}

double LogSumExpOf(const float* x, size_t count) {
  const float largest = LargestOfFinite(x, count);
  if (std::isnan(largest)) return std::numeric_limits<double>::quiet_NaN();
  return static_cast<double>(largest) + std::log(SumOfExponentials(x, count, largest));
}

}  // namespace attnd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attnd {

HWY_EXPORT(LogSumExpOf);

double LogSumExp(absl::Span<const float> x) {
  if (x.empty()) return std::numeric_limits<double>::quiet_NaN();
  return HWY_DYNAMIC_DISPATCH(LogSumExpOf)(x.data(), x.size());
}

}  // namespace attnd
#endif  // HWY_ONCE
