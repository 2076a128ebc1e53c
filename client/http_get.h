// The little of HTTP that reads a metrics port: plaintext, one request a connection.

#ifndef CLIENT_HTTP_GET_H_
#define CLIENT_HTTP_GET_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace attnd::client {

// The body of `path` at `address`, "host:port" or "[IPv6]:port".
//
// Errors: INVALID_ARGUMENT for an address without host or port, UNAVAILABLE when nothing can be reached there or it
// answers with anything but 200, DEADLINE_EXCEEDED when it does not answer in time, RESOURCE_EXHAUSTED when the answer
// has more than `max_bytes`, which is all that is held of it.
absl::StatusOr<std::string> HttpGet(absl::string_view address, absl::string_view path, absl::Time deadline,
                                    size_t max_bytes = 16 << 20);

}  // namespace attnd::client

#endif  // CLIENT_HTTP_GET_H_
