// Tries packed weights: wrong code for this CPU, or a CPU at fault, shall end a start, not spoil results.

#ifndef ENGINE_MODEL_PRODUCT_CHECK_H_
#define ENGINE_MODEL_PRODUCT_CHECK_H_

#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "engine/ops/linear.h"

namespace attnd {

// What was packed.
struct PlainLinear {
  const float* weights = nullptr;
  WeightOrder order = WeightOrder::kInOut;
  absl::Span<const float> bias;  // empty for none
};

// Multiplies one row of random numbers with `packed` and compares some columns with sums in double. INTERNAL naming
// `what` and the column where they differ by more than the rounding of the kernel's types explains.
absl::Status CheckProduct(const LinearKernel& kernel, const PackedLinear& packed, const PlainLinear& plain,
                          const std::string& what);

}  // namespace attnd

#endif  // ENGINE_MODEL_PRODUCT_CHECK_H_
