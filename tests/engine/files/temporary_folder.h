// Folders for the files of a test, and what is in files.

#ifndef TESTS_ENGINE_FILES_TEMPORARY_FOLDER_H_
#define TESTS_ENGINE_FILES_TEMPORARY_FOLDER_H_

#include <string>

#include "absl/strings/string_view.h"

namespace attnd {

// A folder that disappears with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

  // Writes a file into the folder, over an older one of that name. Returns its path.
  std::string Write(absl::string_view name, absl::string_view content) const;

 private:
  std::string path_;
};

// All bytes of a file; none where it cannot be read.
std::string Content(const std::string& path);

}  // namespace attnd

#endif  // TESTS_ENGINE_FILES_TEMPORARY_FOLDER_H_
