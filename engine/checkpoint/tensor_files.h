// The tensors of a checkpoint folder, whether they lie in one file, model.safetensors, or in the shards that
// model.safetensors.index.json lists: {"metadata": {...}, "weight_map": {"tensor": "file in this folder", ...}}.

#ifndef ENGINE_CHECKPOINT_TENSOR_FILES_H_
#define ENGINE_CHECKPOINT_TENSOR_FILES_H_

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/checkpoint/safetensors.h"

namespace attnd {

// A tensor and its file.
struct StoredTensor {
  const SafetensorsEntry* entry = nullptr;
  const SafetensorsFile* file = nullptr;

  const std::string& path() const { return file->file().path(); }
};

// Owns: the files, open. Threads: any may read.
class TensorFiles {
 public:
  // One file where there is one, else shards. Errors begin with the path of the file: those of SafetensorsFile::Open;
  // NOT_FOUND with a way to convert it when the folder holds weights in another format; DATA_LOSS when the index is
  // corrupt, names a file outside of the folder, or does not agree with a shard.
  static absl::StatusOr<TensorFiles> Open(const std::string& folder);

  // By name.
  const std::map<std::string, StoredTensor>& tensors() const { return tensors_; }

  // Of the file that says which tensors there are: model.safetensors or the index.
  const std::string& path() const { return path_; }

  // Of model.safetensors as sha256sum prints it; of shards, as of one file after the other in the order of their names.
  // Errors: those of InputFile.
  absl::StatusOr<std::string> Sha256() const;

 private:
  explicit TensorFiles(std::string path) : path_(std::move(path)) {}

  // By tensor, the name of its file.
  using Index = std::map<std::string, std::string>;

  static absl::StatusOr<Index> ReadIndex(const std::string& path);
  absl::Status Add(const std::string& path);
  absl::Status AddShards(const std::filesystem::path& folder, const Index& index);

  std::string path_;
  std::vector<std::unique_ptr<const SafetensorsFile>> files_;
  std::map<std::string, StoredTensor> tensors_;
};

}  // namespace attnd

#endif  // ENGINE_CHECKPOINT_TENSOR_FILES_H_
