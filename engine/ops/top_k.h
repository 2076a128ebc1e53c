// The largest of many numbers.

#ifndef ENGINE_OPS_TOP_K_H_
#define ENGINE_OPS_TOP_K_H_

#include <cstdint>

#include "absl/types/span.h"

namespace attnd {

// indices [k] = places of the k largest of `x`, the largest first; of equal ones the lower place first. NaN counts as
// minus infinity. Requires k <= x.size(). Threads: any. Cost: one pass over x, and log k for each number that is among
// the k largest so far.
void SelectTop(absl::Span<const float> x, absl::Span<int32_t> indices);

}  // namespace attnd

#endif  // ENGINE_OPS_TOP_K_H_
