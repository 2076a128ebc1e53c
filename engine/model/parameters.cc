#include "engine/model/parameters.h"

#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"

namespace attnd {
namespace {

void AppendNorm(const std::string& prefix, int64_t channels, std::vector<Parameter>& parameters) {
  parameters.push_back({prefix + ".weight", {channels}, ParameterRole::kNormGain});
  parameters.push_back({prefix + ".bias", {channels}, ParameterRole::kBias});
}

void AppendLinear(const std::string& prefix, int64_t in, int64_t out, std::vector<Parameter>& parameters) {
  parameters.push_back({prefix + ".weight", {in, out}, ParameterRole::kWeight});
  parameters.push_back({prefix + ".bias", {out}, ParameterRole::kBias});
}

}  // namespace

int64_t Parameter::element_count() const {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

std::vector<Parameter> ModelParameters(const ModelConfig& config) {
  const int64_t c = config.embedding_length;
  std::vector<Parameter> parameters;
  parameters.push_back({"wte.weight", {config.vocabulary_size, c}, ParameterRole::kWeight});
  parameters.push_back({"wpe.weight", {config.context_length, c}, ParameterRole::kWeight});
  for (int64_t layer = 0; layer < config.layer_count; ++layer) {
    const std::string prefix = absl::StrCat("h.", layer, ".");
    AppendNorm(prefix + "ln_1", c, parameters);
    AppendLinear(prefix + "attn.c_attn", c, 3 * c, parameters);
    AppendLinear(prefix + "attn.c_proj", c, c, parameters);
    AppendNorm(prefix + "ln_2", c, parameters);
    AppendLinear(prefix + "mlp.c_fc", c, config.feed_forward_length, parameters);
    AppendLinear(prefix + "mlp.c_proj", config.feed_forward_length, c, parameters);
  }
  AppendNorm("ln_f", c, parameters);
  if (!config.tied_output_head) {
    parameters.push_back({"lm_head.weight", {config.vocabulary_size, c}, ParameterRole::kWeight});
  }
  return parameters;
}

int64_t ParameterCount(const ModelConfig& config) {
  int64_t count = 0;
  for (const Parameter& parameter : ModelParameters(config)) count += parameter.element_count();
  return count;
}

}  // namespace attnd
