// Which folders a client may ask the server to load.

#ifndef SERVER_LIFECYCLE_MODEL_ROOT_H_
#define SERVER_LIFECYCLE_MODEL_ROOT_H_

#include <string>

#include "absl/status/statusor.h"

namespace attnd {

// The folder that `path`, absolute or relative to `root`, leads to, symbolic links followed, given that it is `root` or
// below it. PERMISSION_DENIED if it is not, or if `root` is empty: whether anything is there is not told.
absl::StatusOr<std::string> ResolveBelow(const std::string& root, const std::string& path);

}  // namespace attnd

#endif  // SERVER_LIFECYCLE_MODEL_ROOT_H_
