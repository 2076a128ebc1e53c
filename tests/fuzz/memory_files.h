// Files that exist in memory alone, for readers that want paths.

#ifndef TESTS_FUZZ_MEMORY_FILES_H_
#define TESTS_FUZZ_MEMORY_FILES_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace attnd {

// Owns: the file, as long as the process runs.
class MemoryFile {
 public:
  MemoryFile();

  const std::string& path() const { return path_; }

  // Lets the file hold `bytes` and nothing else.
  void Fill(absl::Span<const uint8_t> bytes) const;

 private:
  int descriptor_;
  std::string path_;
};

// A folder on the disk for links to such files. Owns: the folder, which is removed with everything in it.
class LinkFolder {
 public:
  LinkFolder();
  ~LinkFolder();
  LinkFolder(const LinkFolder&) = delete;
  LinkFolder& operator=(const LinkFolder&) = delete;

  const std::string& path() const { return path_; }

  // `file` lies in the folder as `name` from now on.
  void Link(absl::string_view name, const MemoryFile& file) const;

 private:
  std::string path_;
};

}  // namespace attnd

#endif  // TESTS_FUZZ_MEMORY_FILES_H_
