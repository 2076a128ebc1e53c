// Rows of floats rounded to bfloat16. Include inside foreach_target files, after highway.h.

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

// x [length] -> rounded [length], to nearest even.
inline void RoundRow(const float* HWY_RESTRICT x, size_t length, uint16_t* HWY_RESTRICT rounded) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::ScalableTag<float> d;
  const hn::Rebind<hwy::bfloat16_t, decltype(d)> dbf;
  const hn::Rebind<uint16_t, decltype(d)> du16;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= length; i += lanes) {
    hn::StoreU(hn::BitCast(du16, hn::DemoteTo(dbf, hn::LoadU(d, x + i))), du16, rounded + i);
  }
  if (i == length) return;
  const auto rest = hn::BitCast(du16, hn::DemoteTo(dbf, hn::LoadN(d, x + i, length - i)));
  hn::StoreN(rest, du16, rounded + i, length - i);
}

}  // namespace attnd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // ENGINE_OPS_BFLOAT16_INL_H_
