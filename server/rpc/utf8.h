// Cutting text that leaves in a status, which gRPC takes for UTF-8.

#ifndef SERVER_RPC_UTF8_H_
#define SERVER_RPC_UTF8_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace attnd {

// The longest beginning of `text` that has at most `max_bytes` and splits no character. `text` is UTF-8. Threads: any.
absl::string_view Utf8Prefix(absl::string_view text, size_t max_bytes);

// A name or value of a client's as an error shows it: in quotes, of its bytes the first 64. Likewise.
std::string Quoted(absl::string_view text);

}  // namespace attnd

#endif  // SERVER_RPC_UTF8_H_
