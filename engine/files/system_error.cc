#include "engine/files/system_error.h"

#include <cerrno>

#include "absl/strings/str_cat.h"

namespace attnd {

absl::Status SystemError(const std::string& path, absl::string_view what) {
  if (errno == ELOOP) return absl::InvalidArgumentError(absl::StrCat(path, ": ", what, ": a loop of symbolic links"));
  return absl::ErrnoToStatus(errno, absl::StrCat(path, ": ", what));
}

}  // namespace attnd
