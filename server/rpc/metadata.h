// What callers send beside their messages.

#ifndef SERVER_RPC_METADATA_H_
#define SERVER_RPC_METADATA_H_

#include <grpcpp/server_context.h>

#include "absl/strings/string_view.h"

namespace attnd {

// The key a caller shows itself by.
inline constexpr char kAuthorizationKey[] = "authorization";

// The value of `key`; empty when it is not there, or more than once. Valid as long as `context`. Threads: any.
absl::string_view MetadataValue(const grpc::ServerContextBase& context, const char* key);

}  // namespace attnd

#endif  // SERVER_RPC_METADATA_H_
