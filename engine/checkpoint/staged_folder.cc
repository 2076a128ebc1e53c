#include "engine/checkpoint/staged_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace attnd {
namespace {

namespace fs = std::filesystem;

// Names tried for the folder beside the target: what an earlier process of the same number left is not touched.
constexpr int kMaxAttempts = 100;

// Of the call to the system that has just failed.
absl::Status SystemError(const std::string& path, absl::string_view what) {
  return absl::ErrnoToStatus(errno, absl::StrCat(path, ": ", what));
}

// Without "." and "..", and without a slash at the end.
std::string Normalised(const std::string& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error).lexically_normal();
  return absolute.has_filename() ? absolute : absolute.parent_path();
}

// Whether anything has that name, be it a link that leads nowhere.
bool Exists(const std::string& path) {
  std::error_code error;
  return fs::symlink_status(path, error).type() != fs::file_type::not_found;
}

absl::Status CheckTarget(const std::string& target, ExistingFolder existing) {
  std::error_code error;
  const fs::path parent = fs::path(target).parent_path();
  if (!fs::is_directory(parent, error)) {
    return absl::NotFoundError(absl::StrCat(parent.string(), ": is no folder; make it first"));
  }
  if (!Exists(target)) return absl::OkStatus();
  if (existing == ExistingFolder::kRefuse) {
    return absl::AlreadyExistsError(absl::StrCat(target, ": is there already, and is not to be overwritten"));
  }
  if (Exists(target + "/config.json")) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(target, ": holds no config.json, and what is not a model's folder is not overwritten"));
}

// So that a name in it outlives a machine that stops.
absl::Status Synchronise(const std::string& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return SystemError(folder, "cannot be opened");
  const absl::Cleanup close_descriptor = [descriptor] { close(descriptor); };
  return fsync(descriptor) == 0 ? absl::OkStatus() : SystemError(folder, "cannot be brought to the disk");
}

}  // namespace

absl::StatusOr<StagedFolder> StagedFolder::Create(const std::string& target, ExistingFolder existing) {
  const std::string name = Normalised(target);
  if (absl::Status status = CheckTarget(name, existing); !status.ok()) return status;
  for (int attempt = 0;; ++attempt) {
    std::string path = absl::StrCat(name, ".unfinished-", getpid(), "-", attempt);
    if (mkdir(path.c_str(), 0777) == 0) return StagedFolder(name, existing, std::move(path));
    if (errno != EEXIST || attempt == kMaxAttempts) return SystemError(path, "cannot be made");
  }
}

StagedFolder::~StagedFolder() {
  std::error_code error;
  if (!path_.empty()) fs::remove_all(path_, error);
}

absl::Status StagedFolder::Commit() {
  if (absl::Status status = Synchronise(path_); !status.ok()) return status;
  if (absl::Status status = TakeName(); !status.ok()) return status;
  // What lies there now is what was replaced, or nothing.
  std::error_code error;
  fs::remove_all(path_, error);
  path_.clear();
  return Synchronise(fs::path(target_).parent_path());
}

absl::Status StagedFolder::TakeName() const {
  if (existing_ == ExistingFolder::kRefuse || !Exists(target_)) {
    // Fails where a folder with anything in it has appeared meanwhile.
    return rename(path_.c_str(), target_.c_str()) == 0 ? absl::OkStatus()
                                                       : SystemError(target_, "cannot be given its name");
  }
  if (renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target_.c_str(), RENAME_EXCHANGE) == 0) return absl::OkStatus();
  return SystemError(target_, "cannot be exchanged on this file system; remove it first");
}

}  // namespace attnd
