#include "engine/files/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/files/system_error.h"

namespace attnd {

absl::StatusOr<InputFile> InputFile::Open(const std::string& path) {
  InputFile file(path, open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.descriptor_ < 0) return SystemError(path, "cannot be opened");
  struct stat status = {};
  if (fstat(file.descriptor_, &status) != 0) return SystemError(path, "cannot be read");
  if (!S_ISREG(status.st_mode)) return absl::FailedPreconditionError(absl::StrCat(path, ": is not a regular file"));
  if (status.st_size == 0) return absl::FailedPreconditionError(absl::StrCat(path, ": is empty"));
  file.byte_count_ = status.st_size;
  file.written_at_ = absl::TimeFromTimespec(status.st_mtim);
  // Only advice: all of it will be read, soon.
  posix_fadvise(file.descriptor_, 0, 0, POSIX_FADV_WILLNEED);
  return file;
}

InputFile::InputFile(InputFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      byte_count_(other.byte_count_),
      written_at_(other.written_at_) {}

InputFile::~InputFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

absl::Status InputFile::ReadAt(int64_t offset, absl::Span<char> bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = pread(descriptor_, bytes.data(), bytes.size(), offset);
    if (count > 0) {
      bytes.remove_prefix(static_cast<size_t>(count));
      offset += count;
    } else if (count == 0) {
      return WrittenToError();
    } else if (errno != EINTR) {
      return SystemError(path_, "cannot be read");
    }
  }
  struct stat status = {};
  if (fstat(descriptor_, &status) != 0) return SystemError(path_, "cannot be read");
  const bool is_unchanged = status.st_size == byte_count_ && absl::TimeFromTimespec(status.st_mtim) == written_at_;
  return is_unchanged ? absl::OkStatus() : WrittenToError();
}

absl::Status InputFile::WrittenToError() const {
  return absl::DataLossError(
      absl::StrFormat("%s: was written to while it was read, it had %d bytes when it was opened; "
                      "replace a file by renaming another over it",
                      path_, byte_count_));
}

absl::StatusOr<std::string> ReadWholeFile(const std::string& path, size_t max_bytes) {
  const auto file = InputFile::Open(path);
  if (!file.ok()) return file.status();
  const auto byte_count = static_cast<size_t>(file->byte_count());
  if (byte_count > max_bytes) {
    return absl::DataLossError(absl::StrFormat("%s: has %d bytes, must have at most %d", path, byte_count, max_bytes));
  }
  std::string content(byte_count, '\0');
  if (absl::Status status = file->ReadAt(0, absl::MakeSpan(content)); !status.ok()) return status;
  return content;
}

}  // namespace attnd
