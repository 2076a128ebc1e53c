#include "client/model/inspection.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <tuple>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "engine/checkpoint/float_format.h"
#include "engine/model/model_weights.h"
#include "engine/model/parameters.h"
#include "engine/tensor/data_type.h"

namespace attnd::client {
namespace {

// In the order of a forward pass, norms last but for the head.
constexpr const char* kParts[] = {"token_embedding", "position_embedding", "attention",
                                  "feed_forward",    "layer_norm",         "output_head"};

const char* PartOf(absl::string_view parameter) {
  if (absl::StartsWith(parameter, "wte.")) return "token_embedding";
  if (absl::StartsWith(parameter, "wpe.")) return "position_embedding";
  if (absl::StartsWith(parameter, "lm_head.")) return "output_head";
  if (absl::StrContains(parameter, ".attn.")) return "attention";
  return absl::StrContains(parameter, ".mlp.") ? "feed_forward" : "layer_norm";
}

std::vector<PartSize> CountParts(const std::vector<Parameter>& parameters) {
  std::vector<PartSize> parts;
  for (const char* part : kParts) {
    PartSize& size = parts.emplace_back(PartSize{.part = part});
    for (const Parameter& parameter : parameters) {
      if (PartOf(parameter.name) == size.part) size.parameter_count += parameter.element_count();
    }
  }
  return parts;
}

// A name cut where numbers compare as numbers: "h.10.ln_1" comes after "h.9.ln_1".
std::tuple<absl::string_view, int64_t, absl::string_view> SortKey(absl::string_view name) {
  const size_t digits = name.find_first_of("0123456789");
  if (digits == absl::string_view::npos) return {name, 0, ""};
  size_t end = name.find_first_not_of("0123456789", digits);
  if (end == absl::string_view::npos) end = name.size();
  int64_t number = 0;
  if (!absl::SimpleAtoi(name.substr(digits, end - digits), &number)) return {name, 0, ""};
  return {name.substr(0, digits), number, name.substr(end)};
}

std::vector<TensorSummary> ListTensors(const Gpt2Checkpoint& checkpoint, const std::vector<Parameter>& parameters) {
  absl::flat_hash_set<absl::string_view> used;
  for (const Parameter& parameter : parameters) used.insert(parameter.name);
  std::vector<TensorSummary> tensors;
  for (const auto& [name, tensor] : checkpoint.stored_tensors()) {
    tensors.push_back({.name = name,
                       .dtype = tensor.entry->dtype,
                       .shape = tensor.entry->shape,
                       .file = std::filesystem::path(tensor.path()).filename(),
                       .is_used = used.contains(absl::StripPrefix(name, "transformer."))});
  }
  std::stable_sort(tensors.begin(), tensors.end(),
                   [](const auto& a, const auto& b) { return SortKey(a.name) < SortKey(b.name); });
  return tensors;
}

}  // namespace

Inspection Inspect(const Gpt2Checkpoint& checkpoint) {
  const ModelConfig& config = checkpoint.config();
  const std::vector<Parameter> parameters = ModelParameters(config);
  Inspection inspection = {.config = config,
                           .parameter_count = ParameterCount(config),
                           .parts = CountParts(parameters),
                           .tensors = ListTensors(checkpoint, parameters)};
  for (const auto& [type, format] :
       {std::pair("f32", FloatFormat::kFloat32), {"bf16", FloatFormat::kBfloat16}, {"f16", FloatFormat::kFloat16}}) {
    inspection.files.push_back({type, inspection.parameter_count * FormatBytes(format)});
  }
  for (const DataType type : {DataType::kFloat32, DataType::kBfloat16, DataType::kInt8}) {
    inspection.memory.push_back({std::string(DataTypeName(type)), ModelWeights::ByteCount(config, type)});
  }
  return inspection;
}

}  // namespace attnd::client
