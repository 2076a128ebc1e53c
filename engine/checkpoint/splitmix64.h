// splitmix64 of Steele, Lea and Flood (2014) as a function of a counter: any element of a random tensor can be drawn
// without those before it.

#ifndef ENGINE_CHECKPOINT_SPLITMIX64_H_
#define ENGINE_CHECKPOINT_SPLITMIX64_H_

#include <cstdint>

namespace attnd {

inline constexpr uint64_t kGoldenGamma = 0x9E3779B97F4A7C15;

constexpr uint64_t SplitMix64(uint64_t x) {
  x += kGoldenGamma;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

}  // namespace attnd

#endif  // ENGINE_CHECKPOINT_SPLITMIX64_H_
