#include "engine/checkpoint/initial_weights.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "engine/checkpoint/normal_quantile.h"
#include "engine/checkpoint/sha256.h"
#include "engine/checkpoint/splitmix64.h"

namespace attnd {
namespace {

constexpr double kDeviation = 0.02;

// Fowler, Noll and Vo's hash.
constexpr uint64_t Fnv1a64(absl::string_view text) {
  uint64_t hash = 0xCBF29CE484222325;
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001B3;
  return hash;
}

void DrawNormal(uint64_t key, double deviation, absl::Span<float> values) {
  for (size_t i = 0; i < values.size(); ++i) {
    const auto uniform = static_cast<double>(SplitMix64(key + i) >> 12);
    values[i] = static_cast<float>(deviation * NormalQuantile((uniform + 0.5) * 0x1p-52));
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<InitialWeights>> InitialWeights::Create(const ModelConfig& config, uint64_t seed) {
  if (absl::Status status = ValidateConfig(config); !status.ok()) return status;
  return std::unique_ptr<InitialWeights>(new InitialWeights(config, seed));
}

InitialWeights::InitialWeights(const ModelConfig& config, uint64_t seed) : config_(config), seed_(seed) {
  for (const Parameter& parameter : ModelParameters(config)) roles_[parameter.name] = parameter.role;
}

absl::Status InitialWeights::Read(absl::string_view name, absl::Span<float> values) const {
  const ParameterRole role = roles_.at(name);
  if (role != ParameterRole::kWeight) {
    std::fill(values.begin(), values.end(), role == ParameterRole::kNormGain ? 1.0F : 0.0F);
    return absl::OkStatus();
  }
  const double added_up = absl::EndsWith(name, ".c_proj.weight") ? 2 * static_cast<double>(config_.layer_count) : 1;
  DrawNormal(SplitMix64(seed_ ^ Fnv1a64(name)), kDeviation / std::sqrt(added_up), values);
  return absl::OkStatus();
}

absl::StatusOr<std::string> InitialWeights::Sha256() const {
  Sha256Hasher hasher;
  std::vector<float> values;
  for (const Parameter& parameter : ModelParameters(config_)) {
    values.resize(static_cast<size_t>(parameter.element_count()));
    if (absl::Status status = Read(parameter.name, absl::MakeSpan(values)); !status.ok()) return status;
    hasher.Update(values.data(), values.size() * sizeof(float));
  }
  return hasher.Finish();
}

}  // namespace attnd
