// One page by HTTP, which is how metrics come: plaintext, one request a connection.

#ifndef CLIENT_HTTP_GET_H_
#define CLIENT_HTTP_GET_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace attnd::client {

// Where a page lies.
struct HttpUrl {
  std::string host;
  int port = 80;
  std::string path = "/";
};

// "http://HOST[:PORT][/PATH]"; what has no path gets "/metrics". Errors: INVALID_ARGUMENT for anything else.
absl::StatusOr<HttpUrl> ParseHttpUrl(absl::string_view text);

// The body of the answer, at most 16 MiB. Waits for `timeout`, and ten seconds for the connection, at most.
// Threads: any. Errors: UNAVAILABLE when there is no answer in time, or one that is not 200.
absl::StatusOr<std::string> HttpGet(const HttpUrl& url, absl::Duration timeout);

}  // namespace attnd::client

#endif  // CLIENT_HTTP_GET_H_
