// What turns logits into log-probabilities: log p[i] = x[i] - LogSumExp(x).

#ifndef ENGINE_OPS_LOG_SUM_EXP_H_
#define ENGINE_OPS_LOG_SUM_EXP_H_

#include "absl/types/span.h"

namespace attnd {

// ln(sum over i of e^x[i]), the largest x taken out first so that nothing overflows: exponentials in float, to 2 units
// in the last place, their sum in double. NaN where x is empty or an element is not finite. Threads: any.
double LogSumExp(absl::Span<const float> x);

}  // namespace attnd

#endif  // ENGINE_OPS_LOG_SUM_EXP_H_
