#include "engine/checkpoint/gpt2_checkpoint.h"

#include <algorithm>
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
#include "engine/files/input_file.h"
#include "engine/files/json.h"
#include "engine/model/parameters.h"
#include "engine/tensor/float_conversion.h"

namespace attnd {
namespace {

constexpr size_t kMaxConfigBytes = size_t{1} << 20;
constexpr char kHeadName[] = "lm_head.weight";
constexpr char kTokensName[] = "wte.weight";
// Compared at once.
constexpr int64_t kComparedBytes = int64_t{256} << 10;

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

// Reads a tensor as float32s. Those of 16 bits are read into the back half of `values` and widened from the front.
absl::Status ReadFloats(const StoredTensor& tensor, absl::Span<float> values) {
  const SafetensorsEntry& entry = *tensor.entry;
  const auto bytes = absl::MakeSpan(reinterpret_cast<char*>(values.data()), values.size() * sizeof(float));
  const char* half = bytes.data() + bytes.size() - entry.byte_count;
  absl::Status status = tensor.file->Read(entry, 0, bytes.last(static_cast<size_t>(entry.byte_count)));
  if (!status.ok() || entry.dtype == "F32") return status;
  const auto convert = entry.dtype == "F16" ? HalfToFloat : Bfloat16ToFloat;
  for (float& value : values) {
    uint16_t bits = 0;
    std::memcpy(&bits, half, sizeof(bits));
    value = convert(bits);
    half += sizeof(bits);
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> HaveSameBytes(const StoredTensor& a, const StoredTensor& b) {
  if (a.entry->byte_count != b.entry->byte_count) return false;
  std::vector<char> bytes_of_a(kComparedBytes);
  std::vector<char> bytes_of_b(kComparedBytes);
  for (int64_t offset = 0; offset < a.entry->byte_count; offset += kComparedBytes) {
    const auto count = static_cast<size_t>(std::min(kComparedBytes, a.entry->byte_count - offset));
    for (const auto& [tensor, bytes] : {std::pair(&a, &bytes_of_a), {&b, &bytes_of_b}}) {
      bytes->resize(count);
      absl::Status status = tensor->file->Read(*tensor->entry, offset, absl::MakeSpan(*bytes));
      if (!status.ok()) return status;
    }
    if (bytes_of_a != bytes_of_b) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Gpt2Checkpoint>> Gpt2Checkpoint::Open(const std::string& folder) {
  auto config_text = ReadWholeFile(std::filesystem::path(folder) / "config.json", kMaxConfigBytes);
  if (!config_text.ok()) return config_text.status();
  const auto config = ParseGpt2Config(*config_text);
  if (!config.ok()) return InFolder(folder, config.status());
  auto files = TensorFiles::Open(folder);
  if (!files.ok()) return files.status();
  auto checkpoint =
      std::unique_ptr<Gpt2Checkpoint>(new Gpt2Checkpoint(*config, *std::move(config_text), *std::move(files)));
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
    const std::string& path = found == tensors_.end() ? files_.path() : found->second.path();
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
  return WarnOfUnusedHead();
}

absl::Status Gpt2Checkpoint::WarnOfUnusedHead() const {
  if (!config_.tied_output_head || !tensors_.contains(kHeadName)) return absl::OkStatus();
  const auto same = HaveSameBytes(tensors_.at(kHeadName), tensors_.at(kTokensName));
  if (!same.ok()) return same.status();
  LOG_IF(WARNING, !*same) << files_.path()
                          << ": lm_head.weight differs from wte.weight and is not used, for config.json ties them";
  return absl::OkStatus();
}

absl::Status Gpt2Checkpoint::Read(absl::string_view name, absl::Span<float> values) const {
  const StoredTensor& tensor = tensors_.at(name);
  if (absl::Status status = ReadFloats(tensor, values); !status.ok()) return status;
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) continue;
    return absl::DataLossError(
        absl::StrFormat("%s: tensor \"%s\": element %d = %f, must be finite", tensor.path(), name, i, values[i]));
  }
  return absl::OkStatus();
}

}  // namespace attnd
