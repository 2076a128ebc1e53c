// Normal variates out of uniform ones.

#ifndef ENGINE_CHECKPOINT_NORMAL_QUANTILE_H_
#define ENGINE_CHECKPOINT_NORMAL_QUANTILE_H_

namespace attnd {

// The number that a standard normal variate stays below with `probability`, in (0, 1), to 2e-7 of its size: algorithm
// AS 241, PPND7, of Wichura (1988). The same bits on every machine, for it takes nothing but the four operations and
// the square root of IEEE 754. Threads: any.
double NormalQuantile(double probability);

}  // namespace attnd

#endif  // ENGINE_CHECKPOINT_NORMAL_QUANTILE_H_
