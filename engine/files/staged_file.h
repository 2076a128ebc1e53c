// A file that appears under its name whole, or not at all.

#ifndef ENGINE_FILES_STAGED_FILE_H_
#define ENGINE_FILES_STAGED_FILE_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/files/output_file.h"
#include "engine/files/staging.h"

namespace attnd {

// A file beside the target takes the target's name at the end.
// Threads: one at a time. Owns: the file beside the target, until Commit; what is not committed is removed.
class StagedFile {
 public:
  // "TARGET.unfinished-..." is made, and nothing else changes yet. Errors begin with a path: ALREADY_EXISTS when the
  // target is there and is not to be replaced; FAILED_PRECONDITION when it is to be, but is neither a regular file nor
  // a link, which is replaced and not what it leads to; NOT_FOUND when the folder it is to lie in is not there; what
  // the system says when nothing can be made in that.
  static absl::StatusOr<StagedFile> Create(const std::string& target, ExistingTarget existing);

  StagedFile(StagedFile&& other) noexcept
      : target_(std::move(other.target_)),
        existing_(other.existing_),
        path_(std::exchange(other.path_, std::string())),
        file_(std::move(other.file_)) {}
  StagedFile& operator=(StagedFile&& other) = delete;
  ~StagedFile();

  // What to write, until Commit.
  OutputFile& file() { return file_; }

  // Brings the file to the disk and gives it the target's name, in place of what had that before. Call once, last. On
  // an error the target is as it was.
  absl::Status Commit();

 private:
  StagedFile(std::string target, ExistingTarget existing, std::string path, OutputFile file)
      : target_(std::move(target)), existing_(existing), path_(std::move(path)), file_(std::move(file)) {}

  bool TakeName() const;

  std::string target_;
  ExistingTarget existing_;
  std::string path_;  // empty once there is nothing to remove
  OutputFile file_;
};

}  // namespace attnd

#endif  // ENGINE_FILES_STAGED_FILE_H_
