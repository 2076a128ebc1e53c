// A safetensors file of anybody: what is accepted has tensors whose bytes lie in the file, all of them and none twice.

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/log/check.h"
#include "absl/types/span.h"
#include "engine/checkpoint/safetensors.h"
#include "engine/checkpoint/sha256.h"
#include "tests/fuzz/memory_files.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto* const memory_file = new attnd::MemoryFile();
  memory_file->Fill(absl::MakeConstSpan(data, size));
  const auto file = attnd::SafetensorsFile::Open(memory_file->path());
  if (!file.ok()) return 0;
  attnd::Sha256Hasher hasher;
  size_t tensor_bytes = 0;
  for (const auto& [name, entry] : file->tensors()) {
    std::string bytes(static_cast<size_t>(entry.byte_count), '\0');
    CHECK_OK(file->Read(entry, 0, absl::MakeSpan(bytes)));
    hasher.Update(bytes.data(), bytes.size());
    tensor_bytes += bytes.size();
  }
  CHECK_LE(tensor_bytes + 8, size);
  CHECK_EQ(hasher.Finish().size(), 64U);
  return 0;
}
