// Weights drawn from a seed, in memory: for trials, load tests, and tests against other implementations, which can draw
// the same weights from this definition.
//
// Tensor p of ModelParameters (counted from 0) has the key
//     key = splitmix64(seed + p * 0x9E3779B97F4A7C15)
// and its element i, row-major, the variate
//     z = splitmix64(key + i),  s = sum of the four 16-bit lanes of z, minus 131070,  n = float32(s) * scale
// where scale = float32(0.02 / sqrt((65536^2 - 1) / 3)), computed in double, makes the standard deviation 0.02, as
// GPT-2 is initialised; s is close to normal (Irwin-Hall). Weights and biases are n, norm gains float32(1 + n). All
// integers are unsigned, modulo 2^64; splitmix64(x) is that of Steele, Lea and Flood (2014):
//     x += 0x9E3779B97F4A7C15
//     x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9
//     x = (x ^ (x >> 27)) * 0x94D049BB133111EB
//     return x ^ (x >> 31)

#ifndef ENGINE_CHECKPOINT_SEEDED_WEIGHTS_H_
#define ENGINE_CHECKPOINT_SEEDED_WEIGHTS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/model/parameters.h"
#include "engine/model/weight_source.h"

namespace attnd {

class SeededWeights final : public WeightSource {
 public:
  // Errors: those of ValidateConfig.
  static absl::StatusOr<std::unique_ptr<SeededWeights>> Create(const ModelConfig& config, uint64_t seed);

  const ModelConfig& config() const override { return config_; }
  absl::Status Read(absl::string_view name, absl::Span<float> values) const override;

  // Over the little-endian float32 bytes of all tensors, in the order of ModelParameters.
  absl::StatusOr<std::string> Sha256() const override;

 private:
  SeededWeights(const ModelConfig& config, uint64_t seed);

  // Elements [first, first + values.size()) of tensor `index`.
  void Draw(size_t index, uint64_t first, absl::Span<float> values) const;

  const ModelConfig config_;
  const uint64_t seed_;
  const std::vector<Parameter> parameters_;
  absl::flat_hash_map<std::string, size_t> index_by_name_;
};

}  // namespace attnd

#endif  // ENGINE_CHECKPOINT_SEEDED_WEIGHTS_H_
