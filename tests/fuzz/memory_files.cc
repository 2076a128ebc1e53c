#include "tests/fuzz/memory_files.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"

namespace attnd {

MemoryFile::MemoryFile() : descriptor_(memfd_create("fuzz", MFD_CLOEXEC)) {
  CHECK_GE(descriptor_, 0);
  path_ = absl::StrCat("/proc/self/fd/", descriptor_);
}

void MemoryFile::Fill(absl::Span<const uint8_t> bytes) const {
  CHECK_EQ(ftruncate(descriptor_, 0), 0);
  CHECK_EQ(pwrite(descriptor_, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
}

LinkFolder::LinkFolder() : path_(std::filesystem::temp_directory_path() / "attnd-fuzz-XXXXXX") {
  CHECK_NE(mkdtemp(path_.data()), nullptr) << path_;
}

LinkFolder::~LinkFolder() { std::filesystem::remove_all(path_); }

void LinkFolder::Link(absl::string_view name, const MemoryFile& file) const {
  std::filesystem::create_symlink(file.path(), absl::StrCat(path_, "/", name));
}

}  // namespace attnd
