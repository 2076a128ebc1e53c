// A file being written.

#ifndef ENGINE_FILES_OUTPUT_FILE_H_
#define ENGINE_FILES_OUTPUT_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace attnd {

// Threads: one at a time. Owns: the descriptor. Errors begin with the path and say what the system did, such as
// RESOURCE_EXHAUSTED when the disk is full.
class OutputFile {
 public:
  // A file that is not there yet: ALREADY_EXISTS when it is.
  static absl::StatusOr<OutputFile> Create(const std::string& path);

  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&& other) = delete;
  // Closes it, whatever has been written.
  ~OutputFile();

  // Appends all of `bytes`.
  absl::Status Write(absl::string_view bytes);

  // Writes all of `bytes` from byte `offset` on, wherever the file ends now. Does not move where Write goes on.
  absl::Status WriteAt(int64_t offset, absl::string_view bytes);

  // Once everything is written: waits until it is on the disk. Call once, last.
  absl::Status Finish();

 private:
  OutputFile(const std::string& path, int descriptor) : path_(path), descriptor_(descriptor) {}

  std::string path_;
  int descriptor_;  // -1 once closed
};

}  // namespace attnd

#endif  // ENGINE_FILES_OUTPUT_FILE_H_
