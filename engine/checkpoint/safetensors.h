// The safetensors container: 8 bytes of little-endian header length, a JSON header
// {"name": {"dtype": ..., "shape": [...], "data_offsets": [begin, end]}, ..., "__metadata__": {...}}, then the data,
// every byte of it belonging to exactly one tensor. https://huggingface.co/docs/safetensors

#ifndef ENGINE_CHECKPOINT_SAFETENSORS_H_
#define ENGINE_CHECKPOINT_SAFETENSORS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/files/mapped_file.h"

namespace attnd {

struct SafetensorsEntry {
  std::string dtype;                // as in the file: "F32", "BF16", ...
  std::vector<int64_t> shape;       // outermost first; the product fits in 63 bits
  absl::Span<const uint8_t> bytes;  // as many as shape and dtype say; not aligned
};

// Owns: the mapping its entries point into. Threads: any may read.
class SafetensorsFile {
 public:
  // Errors: those of MappedFile::Open; DATA_LOSS naming the file and the tensor when the content is not as above.
  static absl::StatusOr<SafetensorsFile> Open(const std::string& path);

  // By name.
  const std::map<std::string, SafetensorsEntry>& tensors() const { return tensors_; }

  // The whole file.
  absl::Span<const uint8_t> bytes() const { return file_.bytes(); }

 private:
  SafetensorsFile(MappedFile file, std::map<std::string, SafetensorsEntry> tensors)
      : file_(std::move(file)), tensors_(std::move(tensors)) {}

  MappedFile file_;
  std::map<std::string, SafetensorsEntry> tensors_;
};

}  // namespace attnd

#endif  // ENGINE_CHECKPOINT_SAFETENSORS_H_
