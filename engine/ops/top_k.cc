#include "engine/ops/top_k.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>

namespace attnd {
namespace {

// Numbers looked at together before any of them is.
constexpr size_t kBlock = 64;

float Rank(float value) { return std::isnan(value) ? -std::numeric_limits<float>::infinity() : value; }

// Without a branch in the loop, for the compiler to vectorise.
bool AnyAbove(const float* x, float threshold) {
  int found = 0;
  for (size_t i = 0; i < kBlock; ++i) found |= static_cast<int>(x[i] > threshold);
  return found != 0;
}

}  // namespace

void SelectTop(absl::Span<const float> x, absl::Span<int32_t> indices) {
  if (indices.empty()) return;
  const auto comes_before = [x](int32_t a, int32_t b) {
    const float rank_a = Rank(x[static_cast<size_t>(a)]);
    const float rank_b = Rank(x[static_cast<size_t>(b)]);
    return rank_a > rank_b || (rank_a == rank_b && a < b);
  };
  // A heap with the last of the best at its front.
  std::iota(indices.begin(), indices.end(), 0);
  std::make_heap(indices.begin(), indices.end(), comes_before);
  float threshold = Rank(x[static_cast<size_t>(indices.front())]);
  for (size_t i = indices.size(); i < x.size();) {
    if (i + kBlock <= x.size() && !AnyAbove(x.data() + i, threshold)) {
      i += kBlock;
      continue;
    }
    for (const size_t end = std::min(i + kBlock, x.size()); i < end; ++i) {
      // One that equals the last comes after it, as do all that are equal, for their places are higher.
      if (!(x[i] > threshold)) continue;
      std::pop_heap(indices.begin(), indices.end(), comes_before);
      indices.back() = static_cast<int32_t>(i);
      std::push_heap(indices.begin(), indices.end(), comes_before);
      threshold = Rank(x[static_cast<size_t>(indices.front())]);
    }
  }
  std::sort_heap(indices.begin(), indices.end(), comes_before);
}

}  // namespace attnd
