// A folder that appears under its name whole, or not at all.

#ifndef ENGINE_FILES_STAGED_FOLDER_H_
#define ENGINE_FILES_STAGED_FOLDER_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/files/staging.h"

namespace attnd {

// Files are written into a folder beside the target, which takes the target's name at the end.
// Threads: one at a time. Owns: the folder beside the target, until Commit; what is not committed is removed.
class StagedFolder {
 public:
  // "TARGET.unfinished-..." is made, and nothing else changes yet. Errors begin with a path: ALREADY_EXISTS when the
  // target is there and is not to be replaced; FAILED_PRECONDITION when it is to be, but holds no config.json, so that
  // no folder of another kind is lost; NOT_FOUND when the folder it is to lie in is not there; what the system says
  // when nothing can be made in that.
  static absl::StatusOr<StagedFolder> Create(const std::string& target, ExistingTarget existing);

  StagedFolder(StagedFolder&& other) noexcept
      : target_(std::move(other.target_)),
        existing_(other.existing_),
        path_(std::exchange(other.path_, std::string())) {}
  StagedFolder& operator=(StagedFolder&& other) = delete;
  ~StagedFolder();

  // Where to write files; each is to be on the disk (OutputFile::Finish) before Commit.
  const std::string& path() const { return path_; }

  // Gives the folder the target's name, and removes what had that name before. When the machine stops meanwhile, the
  // name leads to the one or the other. On an error the target is as it was.
  absl::Status Commit();

 private:
  StagedFolder(std::string target, ExistingTarget existing, std::string path)
      : target_(std::move(target)), existing_(existing), path_(std::move(path)) {}

  absl::Status TakeName() const;

  std::string target_;
  ExistingTarget existing_;
  std::string path_;  // empty once there is nothing to remove
};

}  // namespace attnd

#endif  // ENGINE_FILES_STAGED_FOLDER_H_
