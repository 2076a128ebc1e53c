// What a server that is about to listen lets strangers do, in words for its log.

#ifndef SERVER_SECURITY_EXPOSURE_H_
#define SERVER_SECURITY_EXPOSURE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace attnd {

// Whether only this machine can reach `address`, "host:port" or "unix:PATH". A name other than localhost counts as
// reachable.
bool IsLoopback(absl::string_view address);

// What to warn of where --`flag`, a gRPC address that others can reach, has no TLS. `has_keys`: callers must show API
// keys, which can be read on the way then.
std::string ExposureWarning(absl::string_view flag, absl::string_view address, bool has_keys);

}  // namespace attnd

#endif  // SERVER_SECURITY_EXPOSURE_H_
