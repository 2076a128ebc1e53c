// A file being read.

#ifndef ENGINE_FILES_INPUT_FILE_H_
#define ENGINE_FILES_INPUT_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace attnd {

// It is read, not mapped into memory, so that one that is written to meanwhile, or lies on a disk that fails, is an
// error and not other content or a signal. Threads: any may read. Owns: the descriptor. Errors begin with the path.
class InputFile {
 public:
  // NOT_FOUND when there is no such file; INVALID_ARGUMENT when its links lead nowhere else; FAILED_PRECONDITION when
  // it is empty or not a regular file; what the system says when it will not open it, such as PERMISSION_DENIED.
  static absl::StatusOr<InputFile> Open(const std::string& path);

  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&& other) = delete;
  ~InputFile();

  const std::string& path() const { return path_; }

  // When it was opened.
  int64_t byte_count() const { return byte_count_; }

  // Fills `bytes` with what lies from byte `offset` on, all of it below byte_count(). DATA_LOSS when the file has been
  // written to since it was opened; what the system says when it cannot read.
  absl::Status ReadAt(int64_t offset, absl::Span<char> bytes) const;

 private:
  InputFile(const std::string& path, int descriptor) : path_(path), descriptor_(descriptor) {}

  absl::Status WrittenToError() const;

  std::string path_;
  int descriptor_;  // -1 once moved from
  int64_t byte_count_ = 0;
  absl::Time written_at_;
};

// All of a file. Errors: those of InputFile; DATA_LOSS when it has more than `max_bytes`.
absl::StatusOr<std::string> ReadWholeFile(const std::string& path, size_t max_bytes);

}  // namespace attnd

#endif  // ENGINE_FILES_INPUT_FILE_H_
