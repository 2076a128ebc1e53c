// Input for operator tests.

#ifndef TESTS_ENGINE_OPS_RANDOM_FLOATS_H_
#define TESTS_ENGINE_OPS_RANDOM_FLOATS_H_

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace attnd {

// `count` normal variates with the given standard deviation, always the same for the same seed.
inline std::vector<float> RandomFloats(int64_t count, unsigned int seed, float deviation = 1.0F) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0.0F, deviation);
  std::vector<float> floats(static_cast<size_t>(count));
  for (float& value : floats) value = normal(generator);
  return floats;
}

// |actual - expected| / |expected|, both Euclidean.
inline double RelativeError(const float* actual, const std::vector<double>& expected) {
  double difference = 0;
  double norm = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double delta = static_cast<double>(actual[i]) - expected[i];
    difference += delta * delta;
    norm += expected[i] * expected[i];
  }
  return std::sqrt(difference / norm);
}

}  // namespace attnd

#endif  // TESTS_ENGINE_OPS_RANDOM_FLOATS_H_
