#include "engine/checkpoint/tensor_files.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/checkpoint/sha256.h"
#include "engine/files/input_file.h"
#include "engine/files/json.h"
#include "nlohmann/json.hpp"

namespace attnd {
namespace {

using Json = nlohmann::json;

constexpr char kSingleName[] = "model.safetensors";
constexpr char kIndexName[] = "model.safetensors.index.json";
// A thousand times what a GPT-2 of 48 layers takes.
constexpr size_t kMaxIndexBytes = size_t{32} << 20;
// All are open while the weights are read, beside the connections of a server.
constexpr size_t kMaxShardCount = 256;
// Read at once, to be hashed while it is in the caches.
constexpr int64_t kHashedBytes = int64_t{256} << 10;

// Says which other form of a checkpoint lies in the folder, if any.
std::string HintAboutMissingWeights(const std::filesystem::path& folder) {
  std::error_code error;
  if (!std::filesystem::exists(folder / "pytorch_model.bin", error) &&
      !std::filesystem::exists(folder / "pytorch_model.bin.index.json", error)) {
    return "";
  }
  return absl::StrFormat(
      "; the folder holds pytorch_model.bin, which may run code when it is read. Convert it where you trust it: "
      "python3 "
      "-c \"from transformers import GPT2LMHeadModel as M; M.from_pretrained('%s').save_pretrained('%s', "
      "safe_serialization=True)\"",
      folder.string(), folder.string());
}

// A file of the folder itself.
bool IsShardName(const std::string& name) {
  return absl::EndsWith(name, ".safetensors") && name.find('/') == std::string::npos;
}

}  // namespace

absl::StatusOr<TensorFiles> TensorFiles::Open(const std::string& folder) {
  const std::filesystem::path directory(folder);
  TensorFiles single(directory / kSingleName);
  const absl::Status status = single.Add(single.path_);
  if (status.ok()) return single;
  if (!absl::IsNotFound(status)) return status;
  TensorFiles shards(directory / kIndexName);
  const auto index = ReadIndex(shards.path_);
  if (absl::IsNotFound(index.status())) {
    return absl::NotFoundError(absl::StrCat(status.message(), HintAboutMissingWeights(directory)));
  }
  if (!index.ok()) return index.status();
  if (absl::Status sharded = shards.AddShards(directory, *index); !sharded.ok()) return sharded;
  return shards;
}

absl::StatusOr<TensorFiles::Index> TensorFiles::ReadIndex(const std::string& path) {
  const auto corrupt = [&](absl::string_view text) { return absl::DataLossError(absl::StrCat(path, ": ", text)); };
  const auto text = ReadWholeFile(path, kMaxIndexBytes);
  if (!text.ok()) return text.status();
  auto index = ParseJsonObject(*text, path);
  if (!index.ok()) return index.status();
  const Json weight_map = index->value("weight_map", Json());
  if (!weight_map.is_object()) return corrupt("weight_map is missing or no object");
  Index files;
  for (const auto& [tensor, name] : weight_map.items()) {
    if (!name.is_string() || !IsShardName(name.get<std::string>())) {
      return corrupt(absl::StrCat("weight_map: tensor ", Quote(tensor), " = ", Quote(name),
                                  ", must be the name of a .safetensors file in the same folder"));
    }
    files.emplace(tensor, name.get<std::string>());
  }
  return files;
}

absl::Status TensorFiles::AddShards(const std::filesystem::path& folder, const Index& index) {
  const auto wrong = [&](const std::string& tensor, absl::string_view text) {
    return absl::DataLossError(absl::StrCat(path_, ": tensor ", Quote(tensor), " ", text));
  };
  std::set<std::string> names;
  for (const auto& [tensor, name] : index) names.insert(name);
  if (names.size() > kMaxShardCount) {
    return absl::DataLossError(
        absl::StrFormat("%s: names %d files, must name at most %d", path_, names.size(), kMaxShardCount));
  }
  for (const std::string& name : names) {
    if (absl::Status status = Add(folder / name); !status.ok()) return status;
  }
  for (const auto& [tensor, name] : index) {
    const auto found = tensors_.find(tensor);
    if (found == tensors_.end() || found->second.path() != (folder / name).string()) {
      return wrong(tensor, absl::StrCat("is not in ", Quote(name)));
    }
  }
  for (const auto& [tensor, stored] : tensors_) {
    if (!index.contains(tensor)) return wrong(tensor, absl::StrCat("is in ", stored.path(), " and not in weight_map"));
  }
  return absl::OkStatus();
}

absl::Status TensorFiles::Add(const std::string& path) {
  auto opened = SafetensorsFile::Open(path);
  if (!opened.ok()) return opened.status();
  files_.push_back(std::make_unique<const SafetensorsFile>(*std::move(opened)));
  const SafetensorsFile& file = *files_.back();
  for (const auto& [name, entry] : file.tensors()) {
    if (!tensors_.emplace(name, StoredTensor{.entry = &entry, .file = &file}).second) {
      return absl::DataLossError(
          absl::StrCat(path, ": tensor ", Quote(name), " is also in ", tensors_.at(name).path()));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> TensorFiles::Sha256() const {
  Sha256Hasher hasher;
  std::vector<char> piece(kHashedBytes);
  for (const auto& tensors : files_) {
    const InputFile& file = tensors->file();
    for (int64_t offset = 0; offset < file.byte_count(); offset += kHashedBytes) {
      const auto count = static_cast<size_t>(std::min(kHashedBytes, file.byte_count() - offset));
      if (absl::Status status = file.ReadAt(offset, absl::MakeSpan(piece.data(), count)); !status.ok()) return status;
      hasher.Update(piece.data(), count);
    }
  }
  return hasher.Finish();
}

}  // namespace attnd
