// The least of an HTTP client: one GET to this machine.

#ifndef TESTS_SERVER_TELEMETRY_HTTP_GET_H_
#define TESTS_SERVER_TELEMETRY_HTTP_GET_H_

#include <string>

#include "absl/status/statusor.h"

namespace attnd {

struct HttpReply {
  std::string head;  // status line and header fields
  std::string body;
};

// UNAVAILABLE when nothing on 127.0.0.1:`port` answers with HTTP.
absl::StatusOr<HttpReply> HttpGet(int port, const std::string& path);

}  // namespace attnd

#endif  // TESTS_SERVER_TELEMETRY_HTTP_GET_H_
