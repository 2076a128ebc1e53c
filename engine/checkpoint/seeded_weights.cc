#include "engine/checkpoint/seeded_weights.h"

#include <algorithm>
#include <cmath>

#include "absl/log/check.h"
#include "engine/checkpoint/sha256.h"
#include "engine/checkpoint/splitmix64.h"

namespace attnd {
namespace {

// Four lanes, each uniform over [0, 65535], with the mean of their sum taken off.
constexpr int32_t CentredLaneSum(uint64_t z) {
  const uint64_t sum = (z & 0xFFFF) + ((z >> 16) & 0xFFFF) + ((z >> 32) & 0xFFFF) + (z >> 48);
  return static_cast<int32_t>(sum) - 131070;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SeededWeights>> SeededWeights::Create(const ModelConfig& config, uint64_t seed) {
  if (absl::Status status = ValidateConfig(config); !status.ok()) return status;
  return std::unique_ptr<SeededWeights>(new SeededWeights(config, seed));
}

SeededWeights::SeededWeights(const ModelConfig& config, uint64_t seed)
    : config_(config), seed_(seed), parameters_(ModelParameters(config)) {
  for (size_t index = 0; index < parameters_.size(); ++index) index_by_name_[parameters_[index].name] = index;
}

absl::Status SeededWeights::Read(absl::string_view name, absl::Span<float> values) const {
  Draw(index_by_name_.at(name), 0, values);
  return absl::OkStatus();
}

absl::StatusOr<std::string> SeededWeights::Sha256() const {
  constexpr int64_t kChunk = int64_t{1} << 16;
  std::vector<float> chunk(static_cast<size_t>(kChunk));
  Sha256Hasher hasher;
  for (size_t index = 0; index < parameters_.size(); ++index) {
    const int64_t element_count = parameters_[index].element_count();
    for (int64_t first = 0; first < element_count; first += kChunk) {
      const auto count = static_cast<size_t>(std::min(kChunk, element_count - first));
      Draw(index, static_cast<uint64_t>(first), absl::MakeSpan(chunk).first(count));
      hasher.Update(chunk.data(), count * sizeof(float));
    }
  }
  return hasher.Finish();
}

void SeededWeights::Draw(size_t index, uint64_t first, absl::Span<float> values) const {
  const auto scale = static_cast<float>(0.02 / std::sqrt((65536.0 * 65536.0 - 1) / 3));
  const uint64_t key = SplitMix64(seed_ + index * kGoldenGamma);
  const float offset = parameters_[index].role == ParameterRole::kNormGain ? 1.0F : 0.0F;
  for (size_t i = 0; i < values.size(); ++i) {
    const float variate = static_cast<float>(CentredLaneSum(SplitMix64(key + first + i))) * scale;
    values[i] = offset + variate;
  }
}

}  // namespace attnd
