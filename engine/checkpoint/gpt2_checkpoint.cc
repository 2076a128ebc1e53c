#include "engine/checkpoint/gpt2_checkpoint.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/log/log.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "engine/checkpoint/gpt2_config.h"
#include "engine/files/json.h"
#include "engine/files/mapped_file.h"
#include "engine/model/parameters.h"
#include "engine/tensor/float_conversion.h"

namespace attnd {
namespace {

constexpr size_t kMaxConfigBytes = size_t{1} << 20;
constexpr char kHeadName[] = "lm_head.weight";

// `status` about config.json, naming the file in full.
absl::Status InFolder(const std::filesystem::path& folder, const absl::Status& status) {
  return absl::Status(status.code(), (folder / std::string(status.message())).string());
}

// "h.<number>.attn.bias" or "h.<number>.attn.masked_bias": constants, not weights.
bool IsAttentionMask(absl::string_view name) {
  int64_t layer = 0;
  return absl::ConsumePrefix(&name, "h.") &&
         (absl::ConsumeSuffix(&name, ".attn.bias") || absl::ConsumeSuffix(&name, ".attn.masked_bias")) &&
         absl::SimpleAtoi(name, &layer);
}

bool IsFloatType(absl::string_view dtype) { return dtype == "F32" || dtype == "F16" || dtype == "BF16"; }

// `bytes` as float32s.
void Convert(const SafetensorsEntry& entry, absl::Span<float> values) {
  if (entry.dtype == "F32") {
    std::memcpy(values.data(), entry.bytes.data(), entry.bytes.size());
    return;
  }
  const auto convert = entry.dtype == "F16" ? HalfToFloat : Bfloat16ToFloat;
  const uint8_t* bytes = entry.bytes.data();
  for (float& value : values) {
    uint16_t bits = 0;
    std::memcpy(&bits, bytes, sizeof(bits));
    value = convert(bits);
    bytes += sizeof(bits);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Gpt2Checkpoint>> Gpt2Checkpoint::Open(const std::string& folder) {
  const auto config_file = MappedFile::OpenWithin(std::filesystem::path(folder) / "config.json", kMaxConfigBytes);
  if (!config_file.ok()) return config_file.status();
  const auto config = ParseGpt2Config(config_file->text());
  if (!config.ok()) return InFolder(folder, config.status());
  auto files = TensorFiles::Open(folder);
  if (!files.ok()) return files.status();
  auto checkpoint =
      std::unique_ptr<Gpt2Checkpoint>(new Gpt2Checkpoint(*config, std::string(config_file->text()), *std::move(files)));
  if (absl::Status status = checkpoint->IndexTensors(); !status.ok()) return status;
  if (absl::Status status = checkpoint->CheckTensors(); !status.ok()) return status;
  return checkpoint;
}

absl::Status Gpt2Checkpoint::IndexTensors() {
  for (const auto& [full_name, tensor] : files_.tensors()) {
    const std::string name(absl::StripPrefix(full_name, "transformer."));
    if (IsAttentionMask(name)) continue;
    if (!tensors_.emplace(name, tensor).second) {
      return absl::InvalidArgumentError(absl::StrCat(files_.path(), ": tensor ", Quote(name),
                                                     " is there twice, with and without the prefix \"transformer.\""));
    }
  }
  return absl::OkStatus();
}

absl::Status Gpt2Checkpoint::CheckTensors() const {
  std::vector<Parameter> expected = ModelParameters(config_);
  if (config_.tied_output_head && tensors_.contains(kHeadName)) {
    expected.push_back({kHeadName, {config_.vocabulary_size, config_.embedding_length}, ParameterRole::kWeight});
  }
  const auto wrong = [&](const std::string& name, absl::string_view text) {
    const auto found = tensors_.find(name);
    const std::string& path = found == tensors_.end() ? files_.path() : *found->second.path;
    return absl::InvalidArgumentError(absl::StrCat(path, ": tensor ", Quote(name), " ", text));
  };
  absl::flat_hash_set<absl::string_view> expected_names;
  for (const Parameter& parameter : expected) {
    expected_names.insert(parameter.name);
    const auto found = tensors_.find(parameter.name);
    if (found == tensors_.end()) return wrong(parameter.name, "is missing");
    const SafetensorsEntry& entry = *found->second.entry;
    if (!IsFloatType(entry.dtype)) {
      return wrong(parameter.name, absl::StrCat("has dtype ", entry.dtype, ", must be F32, F16 or BF16"));
    }
    if (entry.shape != parameter.shape) {
      return wrong(parameter.name,
                   absl::StrFormat("has shape [%s], must have [%s] by config.json", absl::StrJoin(entry.shape, ", "),
                                   absl::StrJoin(parameter.shape, ", ")));
    }
  }
  for (const auto& [name, entry] : tensors_) {
    if (!expected_names.contains(name)) return wrong(name, "is not part of the model config.json describes");
  }
  if (config_.tied_output_head && tensors_.contains(kHeadName) &&
      tensors_.at(kHeadName).entry->bytes != tensors_.at("wte.weight").entry->bytes) {
    LOG(WARNING) << files_.path()
                 << ": lm_head.weight differs from wte.weight and is not used, for config.json ties them";
  }
  return absl::OkStatus();
}

absl::Status Gpt2Checkpoint::Read(absl::string_view name, absl::Span<float> values) const {
  const StoredTensor& tensor = tensors_.at(name);
  Convert(*tensor.entry, values);
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) continue;
    return absl::DataLossError(
        absl::StrFormat("%s: tensor \"%s\": element %d = %f, must be finite", *tensor.path, name, i, values[i]));
  }
  return absl::OkStatus();
}

}  // namespace attnd
