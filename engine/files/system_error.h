// Errors of the operating system, about a file or folder.

#ifndef ENGINE_FILES_SYSTEM_ERROR_H_
#define ENGINE_FILES_SYSTEM_ERROR_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace attnd {

// Of the call to the system that has just failed, by errno; begins with `path`.
absl::Status SystemError(const std::string& path, absl::string_view what);

}  // namespace attnd

#endif  // ENGINE_FILES_SYSTEM_ERROR_H_
