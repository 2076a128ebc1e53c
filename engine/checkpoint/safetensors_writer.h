// Writes a safetensors file (safetensors.h) tensor by tensor, so that none but the one at hand is in memory.

#ifndef ENGINE_CHECKPOINT_SAFETENSORS_WRITER_H_
#define ENGINE_CHECKPOINT_SAFETENSORS_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/checkpoint/float_format.h"
#include "engine/checkpoint/sha256.h"
#include "engine/files/output_file.h"

namespace attnd {

struct NamedShape {
  std::string name;
  std::vector<int64_t> shape;  // outermost first
};

// Threads: one at a time. Owns: the file.
class SafetensorsWriter {
 public:
  // Creates `path` and writes the header for `tensors`, all in `format`, whose values follow in this order. Errors:
  // those of OutputFile.
  static absl::StatusOr<SafetensorsWriter> Create(const std::string& path, std::vector<NamedShape> tensors,
                                                  FloatFormat format);

  // All values of the next tensor, row-major. OUT_OF_RANGE naming the tensor and the element that is too large for the
  // format; else the errors of OutputFile.
  absl::Status Append(absl::Span<const float> values);

  // Once all tensors are there: waits until they are on the disk. Returns the SHA-256 of the file, lower-case hex. Call
  // once, last.
  absl::StatusOr<std::string> Finish();

 private:
  SafetensorsWriter(const std::string& path, OutputFile file, std::vector<NamedShape> tensors, FloatFormat format)
      : path_(path), file_(std::move(file)), tensors_(std::move(tensors)), format_(format) {}

  std::string Header() const;
  absl::Status Write(absl::string_view bytes);

  std::string path_;
  OutputFile file_;
  std::vector<NamedShape> tensors_;
  FloatFormat format_;
  size_t next_ = 0;  // of tensors_
  Sha256Hasher hasher_;
};

}  // namespace attnd

#endif  // ENGINE_CHECKPOINT_SAFETENSORS_WRITER_H_
