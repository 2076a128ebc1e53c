// Floats stored as bfloat16. Include inside foreach_target files, after highway.h.

#if defined(ENGINE_OPS_BFLOAT16_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ENGINE_OPS_BFLOAT16_INL_H_
#undef ENGINE_OPS_BFLOAT16_INL_H_
#else
#define ENGINE_OPS_BFLOAT16_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace attnd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// To nearest even.
HWY_INLINE hn::Vec<hn::Rebind<uint16_t, hn::ScalableTag<float>>> RoundToBfloat16(
    hn::Vec<hn::ScalableTag<float>> values) {
  const hn::Rebind<hwy::bfloat16_t, hn::ScalableTag<float>> dbf;
  return hn::BitCast(hn::Rebind<uint16_t, hn::ScalableTag<float>>(), hn::DemoteTo(dbf, values));
}

// A vector of floats as it is or in bfloat16, all of it or its first `count`.
HWY_INLINE void StoreFloats(hn::Vec<hn::ScalableTag<float>> values, float* to) {
  hn::StoreU(values, hn::ScalableTag<float>(), to);
}
HWY_INLINE void StoreFloats(hn::Vec<hn::ScalableTag<float>> values, float* to, size_t count) {
  hn::StoreN(values, hn::ScalableTag<float>(), to, count);
}
HWY_INLINE void StoreFloats(hn::Vec<hn::ScalableTag<float>> values, uint16_t* to) {
  hn::StoreU(RoundToBfloat16(values), hn::Rebind<uint16_t, hn::ScalableTag<float>>(), to);
}
HWY_INLINE void StoreFloats(hn::Vec<hn::ScalableTag<float>> values, uint16_t* to, size_t count) {
  hn::StoreN(RoundToBfloat16(values), hn::Rebind<uint16_t, hn::ScalableTag<float>>(), to, count);
}

// x [length] -> rounded [length].
inline void RoundRow(const float* HWY_RESTRICT x, size_t length, uint16_t* HWY_RESTRICT rounded) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= length; i += lanes) StoreFloats(hn::LoadU(d, x + i), rounded + i);
  if (i < length) StoreFloats(hn::LoadN(d, x + i, length - i), rounded + i, length - i);
}

}  // namespace attnd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // ENGINE_OPS_BFLOAT16_INL_H_
