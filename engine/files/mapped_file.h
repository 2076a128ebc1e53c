// A file mapped into memory, read-only.

#ifndef ENGINE_FILES_MAPPED_FILE_H_
#define ENGINE_FILES_MAPPED_FILE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace attnd {

// Owns: the mapping. The file must not be shortened while it is mapped; replace it by renaming another one over it.
// Threads: any may read.
class MappedFile {
 public:
  // Errors begin with `path`: NOT_FOUND when there is no such file; INVALID_ARGUMENT when its links lead nowhere else;
  // FAILED_PRECONDITION when it is empty or not a regular file; PERMISSION_DENIED or UNAVAILABLE when the system will
  // not open it.
  static absl::StatusOr<MappedFile> Open(const std::string& path);

  // The same for a file that must have at most `max_bytes`: DATA_LOSS when it has more.
  static absl::StatusOr<MappedFile> OpenWithin(const std::string& path, size_t max_bytes);

  absl::Span<const uint8_t> bytes() const { return {data_.get(), data_.get_deleter().byte_count}; }
  absl::string_view text() const { return {reinterpret_cast<const char*>(bytes().data()), bytes().size()}; }

 private:
  struct Unmap {
    size_t byte_count = 0;
    void operator()(const uint8_t* data) const;
  };

  explicit MappedFile(std::unique_ptr<const uint8_t, Unmap> data) : data_(std::move(data)) {}

  std::unique_ptr<const uint8_t, Unmap> data_;
};

}  // namespace attnd

#endif  // ENGINE_FILES_MAPPED_FILE_H_
