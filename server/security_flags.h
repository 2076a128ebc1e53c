// The part of the server's command line that says who may ask how much of it.

#ifndef SERVER_SECURITY_FLAGS_H_
#define SERVER_SECURITY_FLAGS_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "server/flag_checker.h"
#include "server/security/connection_limits.h"
#include "server/security/tls_files.h"

namespace attnd {

struct SecurityFlags {
  TlsFiles tls;
  std::string api_keys;  // a file; empty: anybody may call
  absl::Duration reread_interval;
  ConnectionLimits connection_limits;
  bool reflection = true;
};

// Reads the flags once the command line is parsed; `check` keeps the first that is wrong. A request of
// `max_request_bytes` must fit into the memory quota.
SecurityFlags SecurityFromFlags(int64_t max_request_bytes, FlagChecker& check);

}  // namespace attnd

#endif  // SERVER_SECURITY_FLAGS_H_
