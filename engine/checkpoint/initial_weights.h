// Weights as GPT-2's training begins with them, drawn from a seed: as transformers draws them (Radford et al. 2019,
// section 2.3), though not the same numbers.
//
// Weights of linear layers and embeddings are normal with the standard deviation 0.02; those of the projections back to
// the residual stream, attn.c_proj and mlp.c_proj, with 0.02 / sqrt(2 L), for 2 L of them add up. Biases are 0, norm
// gains 1. Element i, row-major, of the tensor with the name s is
//     float32(deviation * NormalQuantile((floor(splitmix64(key + i) / 2^12) + 0.5) / 2^52))
//     key = splitmix64(seed ^ fnv1a64(s))
// so that it does not depend on what other tensors there are. All integers are unsigned, modulo 2^64.

#ifndef ENGINE_CHECKPOINT_INITIAL_WEIGHTS_H_
#define ENGINE_CHECKPOINT_INITIAL_WEIGHTS_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/model/parameters.h"
#include "engine/model/weight_source.h"

namespace attnd {

class InitialWeights final : public WeightSource {
 public:
  // Errors: those of ValidateConfig.
  static absl::StatusOr<std::unique_ptr<InitialWeights>> Create(const ModelConfig& config, uint64_t seed);

  const ModelConfig& config() const override { return config_; }
  absl::Status Read(absl::string_view name, absl::Span<float> values) const override;

  // Over the little-endian float32 bytes of all tensors, in the order of ModelParameters.
  absl::StatusOr<std::string> Sha256() const override;

 private:
  InitialWeights(const ModelConfig& config, uint64_t seed);

  const ModelConfig config_;
  const uint64_t seed_;
  absl::flat_hash_map<std::string, ParameterRole> roles_;  // by name
};

}  // namespace attnd

#endif  // ENGINE_CHECKPOINT_INITIAL_WEIGHTS_H_
