#include "engine/files/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/files/system_error.h"

namespace attnd {

void MappedFile::Unmap::operator()(const uint8_t* data) const { munmap(const_cast<uint8_t*>(data), byte_count); }

absl::StatusOr<MappedFile> MappedFile::Open(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return SystemError(path, "cannot be opened");
  const absl::Cleanup close_descriptor = [descriptor] { close(descriptor); };
  struct stat status = {};
  if (fstat(descriptor, &status) != 0) return SystemError(path, "cannot be read");
  if (!S_ISREG(status.st_mode)) return absl::FailedPreconditionError(absl::StrCat(path, ": is not a regular file"));
  if (status.st_size == 0) return absl::FailedPreconditionError(absl::StrCat(path, ": is empty"));
  const auto byte_count = static_cast<size_t>(status.st_size);
  void* data = mmap(nullptr, byte_count, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (data == MAP_FAILED) return SystemError(path, "cannot be mapped");
  // Only advice: it will be read once from front to back, soon.
  madvise(data, byte_count, MADV_WILLNEED);
  return MappedFile(std::unique_ptr<const uint8_t, Unmap>(static_cast<const uint8_t*>(data), Unmap{byte_count}));
}

absl::StatusOr<MappedFile> MappedFile::OpenWithin(const std::string& path, size_t max_bytes) {
  auto file = Open(path);
  if (!file.ok() || file->bytes().size() <= max_bytes) return file;
  return absl::DataLossError(
      absl::StrFormat("%s: has %d bytes, must have at most %d", path, file->bytes().size(), max_bytes));
}

}  // namespace attnd
