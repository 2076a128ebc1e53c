#include "engine/files/staging.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "engine/files/system_error.h"

namespace attnd {
namespace {

namespace fs = std::filesystem;

// Names tried: what an earlier process of the same number left is not touched.
constexpr int kMaxAttempts = 100;

}  // namespace

std::string Normalised(const std::string& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error).lexically_normal();
  return absolute.has_filename() ? absolute : absolute.parent_path();
}

bool Exists(const std::string& path) {
  std::error_code error;
  return fs::symlink_status(path, error).type() != fs::file_type::not_found;
}

absl::Status CheckTarget(const std::string& target, ExistingTarget existing) {
  std::error_code error;
  const fs::path parent = fs::path(target).parent_path();
  if (!fs::is_directory(parent, error)) {
    return absl::NotFoundError(absl::StrCat(parent.string(), ": is no folder; make it first"));
  }
  if (existing == ExistingTarget::kReplace || !Exists(target)) return absl::OkStatus();
  return absl::AlreadyExistsError(absl::StrCat(target, ": is there already, and is not to be overwritten"));
}

absl::StatusOr<std::string> MakeBeside(const std::string& target,
                                       absl::FunctionRef<absl::Status(const std::string& path)> make) {
  for (int attempt = 0;; ++attempt) {
    std::string path = absl::StrCat(target, ".unfinished-", getpid(), "-", attempt);
    absl::Status status = make(path);
    if (status.ok()) return path;
    if (!absl::IsAlreadyExists(status) || attempt == kMaxAttempts) return status;
  }
}

absl::Status Synchronise(const std::string& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return SystemError(folder, "cannot be opened");
  const absl::Cleanup close_descriptor = [descriptor] { close(descriptor); };
  return fsync(descriptor) == 0 ? absl::OkStatus() : SystemError(folder, "cannot be brought to the disk");
}

}  // namespace attnd
