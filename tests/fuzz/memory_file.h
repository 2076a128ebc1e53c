// A file that exists in memory alone, for readers that want a path.

#ifndef TESTS_FUZZ_MEMORY_FILE_H_
#define TESTS_FUZZ_MEMORY_FILE_H_

#include <cstdint>
#include <string>

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

}  // namespace attnd

#endif  // TESTS_FUZZ_MEMORY_FILE_H_
