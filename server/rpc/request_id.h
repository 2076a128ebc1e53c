// The id by which caller and log speak of one call.

#ifndef SERVER_RPC_REQUEST_ID_H_
#define SERVER_RPC_REQUEST_ID_H_

#include <string>

#include "absl/strings/string_view.h"

namespace attnd {

// Metadata and trailer that carry it.
inline constexpr char kRequestIdKey[] = "x-request-id";

// `offered` when it has 1 to 128 printable ASCII characters, none of them a space, else 32 random hexadecimal digits.
// Threads: any.
std::string RequestIdFrom(absl::string_view offered);

}  // namespace attnd

#endif  // SERVER_RPC_REQUEST_ID_H_
