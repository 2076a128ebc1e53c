#include "engine/checkpoint/gpt2_checkpoint.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <system_error>
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
#include "engine/checkpoint/float_conversion.h"
#include "engine/checkpoint/gpt2_config.h"
#include "engine/checkpoint/json.h"
#include "engine/checkpoint/mapped_file.h"
#include "engine/checkpoint/sha256.h"
#include "engine/model/parameters.h"

namespace attnd {
namespace {

constexpr size_t kMaxConfigBytes = size_t{1} << 20;
constexpr char kHeadName[] = "lm_head.weight";

absl::StatusOr<ModelConfig> ReadConfig(const std::filesystem::path& folder) {
  const std::string path = folder / "config.json";
  auto file = MappedFile::Open(path);
  if (!file.ok()) return file.status();
  const absl::Span<const uint8_t> bytes = file->bytes();
  if (bytes.size() > kMaxConfigBytes) {
    return absl::DataLossError(
        absl::StrFormat("%s: has %d bytes, must have at most %d", path, bytes.size(), kMaxConfigBytes));
  }
  auto config = ParseGpt2Config({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (config.ok()) return config;
  return absl::Status(config.status().code(), (folder / std::string(config.status().message())).string());
}

// Says which other form of a checkpoint lies in the folder, if any.
std::string HintAboutMissingWeights(const std::filesystem::path& folder) {
  std::error_code error;
  if (std::filesystem::exists(folder / "model.safetensors.index.json", error)) {
    return "; the folder holds a sharded checkpoint: save it again in one shard, "
           "model.save_pretrained(DIR, max_shard_size=\"100GB\")";
  }
  if (std::filesystem::exists(folder / "pytorch_model.bin", error)) {
    return "; the folder holds pytorch_model.bin: save it again with "
           "model.save_pretrained(DIR, safe_serialization=True)";
  }
  return "";
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
  const std::filesystem::path directory(folder);
  const auto config = ReadConfig(directory);
  if (!config.ok()) return config.status();
  const std::string path = directory / "model.safetensors";
  auto file = SafetensorsFile::Open(path);
  if (absl::IsNotFound(file.status())) {
    return absl::NotFoundError(absl::StrCat(file.status().message(), HintAboutMissingWeights(directory)));
  }
  if (!file.ok()) return file.status();
  auto checkpoint = std::unique_ptr<Gpt2Checkpoint>(new Gpt2Checkpoint(*config, path, *std::move(file)));
  if (absl::Status status = checkpoint->IndexTensors(); !status.ok()) return status;
  if (absl::Status status = checkpoint->CheckTensors(); !status.ok()) return status;
  return checkpoint;
}

absl::Status Gpt2Checkpoint::IndexTensors() {
  for (const auto& [full_name, entry] : file_.tensors()) {
    const std::string name(absl::StripPrefix(full_name, "transformer."));
    if (IsAttentionMask(name)) continue;
    if (!tensors_.emplace(name, &entry).second) {
      return absl::InvalidArgumentError(absl::StrCat(path_, ": tensor ", Quote(name),
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
    return absl::InvalidArgumentError(absl::StrCat(path_, ": tensor ", Quote(name), " ", text));
  };
  absl::flat_hash_set<absl::string_view> expected_names;
  for (const Parameter& parameter : expected) {
    expected_names.insert(parameter.name);
    const auto found = tensors_.find(parameter.name);
    if (found == tensors_.end()) return wrong(parameter.name, "is missing");
    const SafetensorsEntry& entry = *found->second;
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
      tensors_.at(kHeadName)->bytes != tensors_.at("wte.weight")->bytes) {
    LOG(WARNING) << path_ << ": lm_head.weight differs from wte.weight and is not used, for config.json ties them";
  }
  return absl::OkStatus();
}

absl::Status Gpt2Checkpoint::Read(absl::string_view name, absl::Span<float> values) const {
  Convert(*tensors_.at(name), values);
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) continue;
    return absl::DataLossError(
        absl::StrFormat("%s: tensor \"%s\": element %d = %f, must be finite", path_, name, i, values[i]));
  }
  return absl::OkStatus();
}

std::string Gpt2Checkpoint::Sha256() const {
  Sha256Hasher hasher;
  hasher.Update(file_.bytes().data(), file_.bytes().size());
  return hasher.Finish();
}

}  // namespace attnd
