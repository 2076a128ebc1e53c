// The safetensors container: 8 bytes of little-endian header length, a JSON header
// {"name": {"dtype": ..., "shape": [...], "data_offsets": [begin, end]}, ..., "__metadata__": {...}}, then the data,
// every byte of it belonging to exactly one tensor. https://huggingface.co/docs/safetensors

#ifndef ENGINE_CHECKPOINT_SAFETENSORS_H_
#define ENGINE_CHECKPOINT_SAFETENSORS_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/files/input_file.h"

namespace attnd {

struct SafetensorsEntry {
  std::string dtype;           // as in the file: "F32", "BF16", ...
  std::vector<int64_t> shape;  // outermost first; the product fits in 63 bits
  int64_t begin = 0;           // where its bytes begin, counted from the first byte of data
  int64_t byte_count = 0;      // as many as shape and dtype say
};

// Owns: the file, open. Threads: any may read.
class SafetensorsFile {
 public:
  // Reads the header. Errors: those of InputFile; DATA_LOSS naming the file and the tensor when the content is not as
  // above.
  static absl::StatusOr<SafetensorsFile> Open(const std::string& path);

  // By name.
  const std::map<std::string, SafetensorsEntry>& tensors() const { return tensors_; }

  // Fills `bytes` with those of a tensor of this file, from its byte `offset` on. Errors: those of InputFile.
  absl::Status Read(const SafetensorsEntry& entry, int64_t offset, absl::Span<char> bytes) const {
    return file_.ReadAt(data_begin_ + entry.begin + offset, bytes);
  }

  const InputFile& file() const { return file_; }

 private:
  SafetensorsFile(InputFile file, int64_t data_begin, std::map<std::string, SafetensorsEntry> tensors)
      : file_(std::move(file)), data_begin_(data_begin), tensors_(std::move(tensors)) {}

  InputFile file_;
  int64_t data_begin_;
  std::map<std::string, SafetensorsEntry> tensors_;
};

}  // namespace attnd

#endif  // ENGINE_CHECKPOINT_SAFETENSORS_H_
