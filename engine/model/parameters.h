// The learned tensors of a model: their names, shapes and order.

#ifndef ENGINE_MODEL_PARAMETERS_H_
#define ENGINE_MODEL_PARAMETERS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "engine/model/config.h"

namespace attnd {

// What a tensor does, which decides how seeded weights are drawn.
enum class ParameterRole { kWeight, kBias, kNormGain };

struct Parameter {
  // Hugging Face's name without the "transformer." prefix, such as "h.0.attn.c_attn.weight".
  std::string name;
  // Linear weights are [in, out], as GPT-2's Conv1D keeps them; "lm_head.weight" alone is [V, C].
  std::vector<int64_t> shape;
  ParameterRole role;

  int64_t element_count() const;
};

// Every learned tensor of the model once, in the order: wte, wpe, each layer's ln_1, attn.c_attn, attn.c_proj, ln_2,
// mlp.c_fc, mlp.c_proj (weight before bias), ln_f, and lm_head.weight where it is not tied.
std::vector<Parameter> ModelParameters(const ModelConfig& config);

// Learned scalars of the model; a tied output head counts once.
int64_t ParameterCount(const ModelConfig& config);

}  // namespace attnd

#endif  // ENGINE_MODEL_PARAMETERS_H_
