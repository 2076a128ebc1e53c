// Weights that nobody stored.

#ifndef TESTS_ENGINE_CHECKPOINT_DRAW_H_
#define TESTS_ENGINE_CHECKPOINT_DRAW_H_

#include <cstddef>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/model/weight_source.h"
#include "gtest/gtest.h"

namespace attnd {

// A tensor of `size` elements; fails the test where there is none.
inline std::vector<float> Draw(const WeightSource& weights, absl::string_view name, size_t size) {
  std::vector<float> values(size);
  EXPECT_TRUE(weights.Read(name, absl::MakeSpan(values)).ok());
  return values;
}

}  // namespace attnd

#endif  // TESTS_ENGINE_CHECKPOINT_DRAW_H_
