#include "engine/files/staged_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "engine/files/system_error.h"

namespace attnd {
namespace {

namespace fs = std::filesystem;

absl::Status CheckFolder(const std::string& target, ExistingTarget existing) {
  if (absl::Status status = CheckTarget(target, existing); !status.ok()) return status;
  if (!Exists(target) || Exists(target + "/config.json")) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(target, ": holds no config.json, and what is not a model's folder is not overwritten"));
}

}  // namespace

absl::StatusOr<StagedFolder> StagedFolder::Create(const std::string& target, ExistingTarget existing) {
  std::string name = Normalised(target);
  if (absl::Status status = CheckFolder(name, existing); !status.ok()) return status;
  auto path = MakeBeside(name, [](const std::string& candidate) {
    return mkdir(candidate.c_str(), 0777) == 0 ? absl::OkStatus() : SystemError(candidate, "cannot be made");
  });
  if (!path.ok()) return path.status();
  return StagedFolder(std::move(name), existing, *std::move(path));
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
  if (existing_ == ExistingTarget::kRefuse || !Exists(target_)) {
    // Fails where a folder with anything in it has appeared meanwhile.
    return rename(path_.c_str(), target_.c_str()) == 0 ? absl::OkStatus()
                                                       : SystemError(target_, "cannot be given its name");
  }
  if (renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target_.c_str(), RENAME_EXCHANGE) == 0) return absl::OkStatus();
  return SystemError(target_, "cannot be exchanged on this file system; remove it first");
}

}  // namespace attnd
