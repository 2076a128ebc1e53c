// Vector versions of the functions a decoder needs, for every instruction set: include inside foreach_target files,
// after highway.h.

// A guard for each target, as Highway's own -inl headers have.
#if defined(ENGINE_OPS_VECTOR_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ENGINE_OPS_VECTOR_MATH_INL_H_
#undef ENGINE_OPS_VECTOR_MATH_INL_H_
#else
#define ENGINE_OPS_VECTOR_MATH_INL_H_
#endif

#include <cstddef>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace attnd::HWY_NAMESPACE {

// Functions take several vectors and go through them step by step: one vector's steps wait for each other, and a CPU
// does not look far enough ahead to begin with the next vector meanwhile.

// What a result is good for: to be a float, or to be rounded to bfloat16 or 8 bits, for which 2^-11 is enough.
enum class Accuracy { kFloat, kBfloat16 };

// x[i] -> 2^x[i] for x <= 0, to 2 units in the last place, or to 2^-13; below -126, where normal floats end, as at
// -126; NaN stays. x is split into an integer and a rest within half of it, for which a polynomial stands: minimax in
// relative error, fitted by reweighted least squares (1.1e-7 of degree 5 with 1 at 0, 7.5e-5 of degree 3).
template <Accuracy kAccuracy, size_t kVectors, class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE void Exp2OfNegative(D d, V (&x)[kVectors]) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::RebindToSigned<D> di;
  // Adding 1.5 * 2^23 rounds to an integer, which then stands in the low bits.
  const V magic = hn::Set(d, 12582912.0F);
  V shifted[kVectors];
  V r[kVectors];
  V p[kVectors];
  HWY_UNROLL(8)
  for (size_t i = 0; i < kVectors; ++i) {
    // Of a NaN and a number this gives the second.
    const V clamped = hn::Max(hn::Set(d, -126.0F), x[i]);
    shifted[i] = hn::Add(clamped, magic);
    r[i] = hn::Sub(clamped, hn::Sub(shifted[i], magic));
  }
  const auto evaluate = [&](float highest, auto... lower) HWY_ATTR {
    HWY_UNROLL(8)
    for (size_t i = 0; i < kVectors; ++i) p[i] = hn::Set(d, highest);
    for (const float coefficient : {lower...}) {
      HWY_UNROLL(8)
      for (size_t i = 0; i < kVectors; ++i) p[i] = hn::MulAdd(p[i], r[i], hn::Set(d, coefficient));
    }
  };
  if constexpr (kAccuracy == Accuracy::kFloat) {
    evaluate(1.326472731e-3F, 9.671512991e-3F, 5.550733581e-2F, 2.402224243e-1F, 6.931470037e-1F, 1.0F);
  } else {
    evaluate(5.517166853e-2F, 2.426111400e-1F, 6.932609677e-1F, 9.999280572e-1F);
  }
  HWY_UNROLL(8)
  for (size_t i = 0; i < kVectors; ++i) {
    // p * 2^n, by adding n to the exponent of p.
    x[i] = hn::BitCast(d, hn::Add(hn::BitCast(di, p[i]), hn::ShiftLeft<23>(hn::BitCast(di, shifted[i]))));
  }
}

// 1 / x to 2 units in the last place, by a table's value and one step of Newton's, or to 2^-11, by the first. A
// division takes five times as long.
template <Accuracy kAccuracy, class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V Reciprocal(D d, V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  const V estimate = hn::ApproximateReciprocal(x);
  if constexpr (kAccuracy == Accuracy::kBfloat16) return estimate;
  return hn::Mul(estimate, hn::NegMulAdd(x, estimate, hn::Set(d, 2.0F)));
}

// x[i] -> 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) = x / (1 + e^-2u), with u what tanh is taken of (Hendrycks,
// Gimpel 2016).
template <Accuracy kAccuracy, size_t kVectors, class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE void GeluTanh(D d, V (&x)[kVectors]) {
  namespace hn = hwy::HWY_NAMESPACE;
  // 2 u log2(e), of which the exponential is to base 2.
  constexpr float kLinear = 2 * 0.7978845608F * 1.442695041F;
  // With e = e^-|2u| nothing overflows: x / (1 + e) for positive x, x e / (1 + e) for negative.
  V e[kVectors];
  HWY_UNROLL(8)
  for (size_t i = 0; i < kVectors; ++i) {
    const V factor = hn::MulAdd(hn::Mul(x[i], x[i]), hn::Set(d, kLinear * 0.044715F), hn::Set(d, kLinear));
    e[i] = hn::Neg(hn::Abs(hn::Mul(x[i], factor)));
  }
  Exp2OfNegative<kAccuracy>(d, e);
  HWY_UNROLL(8)
  for (size_t i = 0; i < kVectors; ++i) {
    const V numerator = hn::IfNegativeThenElse(x[i], hn::Mul(x[i], e[i]), x[i]);
    x[i] = hn::Mul(numerator, Reciprocal<kAccuracy>(d, hn::Add(hn::Set(d, 1.0F), e[i])));
  }
}

// erf(x) to 4e-7: x P(x^2) / Q(x^2) on [-4, 4], the rational minimax approximation that Eigen and TensorFlow publish.
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V Erf(D d, V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  const V clamped = hn::Clamp(x, hn::Set(d, -4.0F), hn::Set(d, 4.0F));
  const V x2 = hn::Mul(clamped, clamped);
  V p = hn::Set(d, -2.72614225801306e-10F);
  p = hn::MulAdd(p, x2, hn::Set(d, 2.77068142495902e-08F));
  p = hn::MulAdd(p, x2, hn::Set(d, -2.10102402082508e-06F));
  p = hn::MulAdd(p, x2, hn::Set(d, -5.69250639462346e-05F));
  p = hn::MulAdd(p, x2, hn::Set(d, -7.34990630326855e-04F));
  p = hn::MulAdd(p, x2, hn::Set(d, -2.95459980854025e-03F));
  p = hn::MulAdd(p, x2, hn::Set(d, -1.60960333262415e-02F));
  V q = hn::Set(d, -1.45660718464996e-05F);
  q = hn::MulAdd(q, x2, hn::Set(d, -2.13374055278905e-04F));
  q = hn::MulAdd(q, x2, hn::Set(d, -1.68282697438203e-03F));
  q = hn::MulAdd(q, x2, hn::Set(d, -7.37332916720468e-03F));
  q = hn::MulAdd(q, x2, hn::Set(d, -1.42647390514189e-02F));
  return hn::Div(hn::Mul(clamped, p), q);
}

// x[i] -> 0.5 x (1 + erf(x / sqrt(2))) (Hendrycks, Gimpel 2016).
template <size_t kVectors, class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE void GeluErf(D d, V (&x)[kVectors]) {
  namespace hn = hwy::HWY_NAMESPACE;
  HWY_UNROLL(8)
  for (size_t i = 0; i < kVectors; ++i) {
    const V half = hn::Mul(x[i], hn::Set(d, 0.5F));
    x[i] = hn::MulAdd(half, Erf(d, hn::Mul(x[i], hn::Set(d, 0.70710678F))), half);
  }
}

}  // namespace attnd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // ENGINE_OPS_VECTOR_MATH_INL_H_
