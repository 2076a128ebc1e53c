// An index of shards of anybody, beside two shards, a.safetensors (tensors a and b) and c.safetensors (c): what is
// accepted opens no file outside of the folder.

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
#include "tests/fuzz/memory_files.h"

namespace attnd {
namespace {

void WriteShard(const std::string& path, const std::vector<NamedShape>& tensors) {
  auto writer = SafetensorsWriter::Create(path, tensors, FloatFormat::kFloat32);
  CHECK_OK(writer.status());
  for (size_t i = 0; i < tensors.size(); ++i) CHECK_OK(writer->Append({1}));
  CHECK_OK(writer->Finish().status());
}

struct ShardFolder {
  ShardFolder() {
    WriteShard(folder.path() + "/a.safetensors", {{"a", {1}}, {"b", {1}}});
    WriteShard(folder.path() + "/c.safetensors", {{"c", {1}}});
    folder.Link("model.safetensors.index.json", index);
  }

  const MemoryFile index;
  const LinkFolder folder;
};

}  // namespace
}  // namespace attnd

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const attnd::ShardFolder files;
  files.index.Fill(absl::MakeConstSpan(data, size));
  const auto tensors = attnd::TensorFiles::Open(files.folder.path());
  if (!tensors.ok()) return 0;
  for (const auto& [name, tensor] : tensors->tensors()) {
    CHECK_EQ(std::filesystem::path(tensor.path()).parent_path(), files.folder.path()) << name;
  }
  return 0;
}
