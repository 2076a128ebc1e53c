#include "engine/files/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <utility>

#include "engine/files/staging.h"
#include "engine/files/system_error.h"

namespace attnd {

absl::StatusOr<OutputFile> OutputFile::Create(const std::string& path) {
  OutputFile file(path, open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (file.descriptor_ < 0) return SystemError(path, "cannot be created");
  return file;
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

absl::Status OutputFile::Write(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(descriptor_, bytes.data(), bytes.size());
    if (count > 0) {
      bytes.remove_prefix(static_cast<size_t>(count));
    } else if (errno != EINTR) {
      return SystemError(path_, "cannot be written");
    }
  }
  return absl::OkStatus();
}

absl::Status OutputFile::WriteAt(int64_t offset, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = pwrite(descriptor_, bytes.data(), bytes.size(), offset);
    if (count > 0) {
      bytes.remove_prefix(static_cast<size_t>(count));
      offset += count;
    } else if (errno != EINTR) {
      return SystemError(path_, "cannot be written");
    }
  }
  return absl::OkStatus();
}

absl::Status OutputFile::Finish() {
  if (fsync(descriptor_) != 0) return SystemError(path_, "cannot be brought to the disk");
  if (close(std::exchange(descriptor_, -1)) != 0) return SystemError(path_, "cannot be closed");
  return absl::OkStatus();
}

}  // namespace attnd
