// Files of certificates and keys, which somebody may be replacing, or may have mistaken for others.

#ifndef SERVER_SECURITY_SMALL_FILE_H_
#define SERVER_SECURITY_SMALL_FILE_H_

#include <string>

#include "absl/status/statusor.h"

namespace attnd {

// Everything in the file. INVALID_ARGUMENT, without the path, when it cannot be read or has more than 1 MiB: bundles of
// all public authorities take a quarter of that. Threads: any.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path);

}  // namespace attnd

#endif  // SERVER_SECURITY_SMALL_FILE_H_
