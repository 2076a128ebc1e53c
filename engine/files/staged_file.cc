#include "engine/files/staged_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "engine/files/system_error.h"

namespace attnd {
namespace {

namespace fs = std::filesystem;

absl::Status CheckFile(const std::string& target, ExistingTarget existing) {
  if (absl::Status status = CheckTarget(target, existing); !status.ok()) return status;
  std::error_code error;
  const fs::file_type type = fs::symlink_status(target, error).type();
  const bool replaceable =
      type == fs::file_type::not_found || type == fs::file_type::regular || type == fs::file_type::symlink;
  if (replaceable) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(target, ": is not a regular file, and is not overwritten"));
}

}  // namespace

absl::StatusOr<StagedFile> StagedFile::Create(const std::string& target, ExistingTarget existing) {
  std::string name = Normalised(target);
  if (absl::Status status = CheckFile(name, existing); !status.ok()) return status;
  std::optional<OutputFile> file;
  auto path = MakeBeside(name, [&file](const std::string& candidate) {
    auto created = OutputFile::Create(candidate);
    if (!created.ok()) return created.status();
    file.emplace(*std::move(created));
    return absl::OkStatus();
  });
  if (!path.ok()) return path.status();
  return StagedFile(std::move(name), existing, *std::move(path), *std::move(file));
}

StagedFile::~StagedFile() {
  if (!path_.empty()) unlink(path_.c_str());
}

absl::Status StagedFile::Commit() {
  if (absl::Status status = file_.Finish(); !status.ok()) return status;
  if (!TakeName()) return SystemError(target_, "cannot be given its name");
  path_.clear();
  return Synchronise(fs::path(target_).parent_path());
}

bool StagedFile::TakeName() const {
  if (existing_ == ExistingTarget::kRefuse) {
    // Fails where the name has been taken meanwhile.
    if (renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target_.c_str(), RENAME_NOREPLACE) == 0) return true;
    // EINVAL: a file system that cannot rename so; it was asked at the start whether the name is free.
    if (errno != EINVAL) return false;
  }
  return rename(path_.c_str(), target_.c_str()) == 0;
}

}  // namespace attnd
