#include "client/model/model_files.h"

#include <filesystem>
#include <set>
#include <system_error>

#include "absl/status/status.h"
#include "client/model/inspection.h"
#include "client/read_file.h"
#include "engine/files/output_file.h"

namespace attnd::client {
namespace {

// What lies beside the weights of a published GPT-2 and holds for any weights of its shape.
constexpr const char* kCompanions[] = {
    "tokenizer.json",    "tokenizer_config.json", "vocab.json", "merges.txt", "special_tokens_map.json",
    "added_tokens.json", "generation_config.json"};

absl::Status WriteFile(const std::string& path, absl::string_view content) {
  auto file = OutputFile::Create(path);
  if (!file.ok()) return file.status();
  if (absl::Status status = file->Write(content); !status.ok()) return status;
  return file->Finish();
}

absl::Status CopyCompanions(const std::filesystem::path& from, const std::filesystem::path& to) {
  for (const char* name : kCompanions) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(from / name, error)) continue;
    const auto content = ReadFile(from / name);
    if (!content.ok()) return content.status();
    if (absl::Status status = WriteFile(to / name, *content); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> WriteModelFiles(const ModelFiles& files, const std::string& target, ExistingTarget existing,
                                            WritingProgress progress) {
  auto folder = StagedFolder::Create(target, existing);
  if (!folder.ok()) return folder.status();
  const std::filesystem::path path = folder->path();
  if (absl::Status status = WriteFile(path / "config.json", files.config_text); !status.ok()) return status;
  if (!files.companions.empty()) {
    if (absl::Status status = CopyCompanions(files.companions, path); !status.ok()) return status;
  }
  auto sha256 = WriteGpt2Weights(*files.weights, files.format, path / "model.safetensors", progress);
  if (!sha256.ok()) return sha256.status();
  if (absl::Status status = folder->Commit(); !status.ok()) return status;
  return sha256;
}

FloatFormat StoredFormat(const Gpt2Checkpoint& checkpoint) {
  std::set<std::string> dtypes;
  for (const TensorSummary& tensor : Inspect(checkpoint).tensors) {
    if (tensor.is_used) dtypes.insert(tensor.dtype);
  }
  if (dtypes == std::set<std::string>{"F16"}) return FloatFormat::kFloat16;
  return dtypes == std::set<std::string>{"BF16"} ? FloatFormat::kBfloat16 : FloatFormat::kFloat32;
}

}  // namespace attnd::client
