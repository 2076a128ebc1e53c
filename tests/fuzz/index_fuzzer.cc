// An index of shards of anybody, beside two shards, a.safetensors (tensors a and b) and c.safetensors (c): what is
// accepted opens no file outside of the folder.

#include <stdlib.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/log/check.h"
#include "absl/types/span.h"
#include "engine/checkpoint/float_format.h"
#include "engine/checkpoint/safetensors_writer.h"
#include "engine/checkpoint/tensor_files.h"
#include "tests/fuzz/memory_file.h"

namespace attnd {
namespace {

void WriteShard(const std::string& path, const std::vector<NamedShape>& tensors) {
  auto writer = SafetensorsWriter::Create(path, tensors, FloatFormat::kFloat32);
  CHECK_OK(writer.status());
  for (size_t i = 0; i < tensors.size(); ++i) CHECK_OK(writer->Append({1}));
  CHECK_OK(writer->Finish().status());
}

// Made once, removed at the end of the process.
class ShardFolder {
 public:
  ShardFolder() {
    CHECK_NE(mkdtemp(path_.data()), nullptr);
    WriteShard(path_ + "/a.safetensors", {{"a", {1}}, {"b", {1}}});
    WriteShard(path_ + "/c.safetensors", {{"c", {1}}});
    std::filesystem::create_symlink(index_.path(), path_ + "/model.safetensors.index.json");
  }
  ~ShardFolder() { std::filesystem::remove_all(path_); }
  ShardFolder(const ShardFolder&) = delete;
  ShardFolder& operator=(const ShardFolder&) = delete;

  const std::string& path() const { return path_; }
  const MemoryFile& index() const { return index_; }

 private:
  const MemoryFile index_;
  std::string path_ = std::filesystem::temp_directory_path() / "attnd-fuzz-XXXXXX";
};

}  // namespace
}  // namespace attnd

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const attnd::ShardFolder folder;
  folder.index().Fill(absl::MakeConstSpan(data, size));
  const auto files = attnd::TensorFiles::Open(folder.path());
  if (!files.ok()) return 0;
  for (const auto& [name, tensor] : files->tensors()) {
    CHECK_EQ(std::filesystem::path(*tensor.path).parent_path(), folder.path()) << name;
  }
  return 0;
}
