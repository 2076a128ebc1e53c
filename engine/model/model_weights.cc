#include "engine/model/model_weights.h"

#include <future>
#include <utility>

#include "absl/strings/string_view.h"
#include "engine/model/parameters.h"

namespace attnd {
namespace {

constexpr char kTokensName[] = "wte.weight";
constexpr char kPositionsName[] = "wpe.weight";
constexpr char kHeadName[] = "lm_head.weight";

// The output head is left in bf16 where layers are int8: its errors would go into logits undamped.
DataType TokenType(DataType type) { return type == DataType::kInt8 ? DataType::kBfloat16 : type; }

bool IsTokenTable(absl::string_view name) { return name == kTokensName || name == kHeadName; }

// Of one tensor as it is kept: norms, biases and positions stay floats.
int64_t ByteCountOf(const Parameter& parameter, DataType type) {
  const int64_t count = parameter.element_count();
  if (IsTokenTable(parameter.name)) return count * DataTypeBytes(TokenType(type));
  const bool is_linear = parameter.role == ParameterRole::kWeight && parameter.name != kPositionsName;
  if (!is_linear) return count * DataTypeBytes(DataType::kFloat32);
  // Of int8 weights each output has a scale and a sum.
  const int64_t beside = type == DataType::kInt8 ? parameter.shape[1] * 2 * DataTypeBytes(DataType::kFloat32) : 0;
  return count * DataTypeBytes(type) + beside;
}

}  // namespace

int64_t ModelWeights::ByteCount(const ModelConfig& config, DataType type) {
  int64_t byte_count = 0;
  for (const Parameter& parameter : ModelParameters(config)) byte_count += ByteCountOf(parameter, type);
  return byte_count;
}

absl::StatusOr<std::shared_ptr<const ModelWeights>> ModelWeights::Load(const WeightSource& source, DataType type) {
  auto weights = std::shared_ptr<ModelWeights>(new ModelWeights(source.config(), type));
  // Hashing takes about as long as everything else.
  auto hashing = std::async(std::launch::async, [&source] { return source.Sha256(); });
  const absl::Status status = weights->LoadAll(source);
  auto sha256 = hashing.get();
  if (!status.ok()) return status;
  if (!sha256.ok()) return sha256.status();
  weights->sha256_ = *std::move(sha256);
  return weights;
}

absl::Status ModelWeights::LoadAll(const WeightSource& source) {
  if (auto status = LoadTokens(source); !status.ok()) return status;
  if (auto status = LoadPositions(source); !status.ok()) return status;
  if (auto status = LoadLayers(source); !status.ok()) return status;
  auto final_norm = LoadLayerNorm(source, "ln_f", arena_);
  if (!final_norm.ok()) return final_norm.status();
  final_norm_ = *final_norm;
  return absl::OkStatus();
}

absl::Status ModelWeights::LoadTokens(const WeightSource& source) {
  auto tokens = TokenTable::Load(source, kTokensName, TokenType(data_type_), arena_);
  if (!tokens.ok()) return tokens.status();
  tokens_ = *std::move(tokens);
  if (config_.tied_output_head) return absl::OkStatus();
  auto head = TokenTable::Load(source, kHeadName, TokenType(data_type_), arena_);
  if (!head.ok()) return head.status();
  untied_head_ = *std::move(head);
  return absl::OkStatus();
}

absl::Status ModelWeights::LoadPositions(const WeightSource& source) {
  auto positions = arena_.Allocate<float>(config_.context_length * config_.embedding_length);
  if (!positions.ok()) return positions.status();
  positions_ = *positions;
  return source.Read(kPositionsName, positions_);
}

absl::Status ModelWeights::LoadLayers(const WeightSource& source) {
  for (int64_t index = 0; index < config_.layer_count; ++index) {
    auto layer = Layer::Load(source, index, kernels_, arena_);
    if (!layer.ok()) return layer.status();
    layers_.push_back(*std::move(layer));
  }
  return absl::OkStatus();
}

}  // namespace attnd
