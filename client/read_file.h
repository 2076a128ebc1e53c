// Files as strings.

#ifndef CLIENT_READ_FILE_H_
#define CLIENT_READ_FILE_H_

#include <string>

#include "absl/status/statusor.h"

namespace attnd::client {

// Everything in a file. Errors: NOT_FOUND when it cannot be read.
absl::StatusOr<std::string> ReadFile(const std::string& path);

}  // namespace attnd::client

#endif  // CLIENT_READ_FILE_H_
