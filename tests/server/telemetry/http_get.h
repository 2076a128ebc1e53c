// The least of an HTTP client: one GET to this machine.

#ifndef TESTS_SERVER_TELEMETRY_HTTP_GET_H_
#define TESTS_SERVER_TELEMETRY_HTTP_GET_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace attnd {

// A TCP connection to this machine over which nothing has been sent. Owns: its socket. Threads: one.
class Connection {
 public:
  // UNAVAILABLE when nothing listens on 127.0.0.1:`port`.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(int port);
  ~Connection();

  // Returns whether all of `text` was sent.
  bool Send(absl::string_view text) const;
  // Everything until the other end closes.
  std::string ReceiveAll() const;

 private:
  explicit Connection(int socket) : socket_(socket) {}

  const int socket_;
};

struct HttpReply {
  std::string head;  // status line and header fields
  std::string body;
};

// UNAVAILABLE when nothing on 127.0.0.1:`port` answers with HTTP.
absl::StatusOr<HttpReply> HttpGet(int port, const std::string& path);

}  // namespace attnd

#endif  // TESTS_SERVER_TELEMETRY_HTTP_GET_H_
