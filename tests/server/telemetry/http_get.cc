#include "tests/server/telemetry/http_get.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace attnd {

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(int port) {
  auto connection = absl::WrapUnique(new Connection(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)));
  if (connection->socket_ < 0) return absl::ErrnoToStatus(errno, "socket");
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(connection->socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return absl::UnavailableError("cannot connect");
  }
  return connection;
}

Connection::~Connection() { close(socket_); }

bool Connection::Send(absl::string_view text) const {
  return send(socket_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

std::string Connection::ReceiveAll() const {
  std::string text;
  char buffer[4096];
  for (ssize_t count = 0; (count = recv(socket_, buffer, sizeof(buffer), 0)) > 0;) {
    text.append(buffer, static_cast<size_t>(count));
  }
  return text;
}

absl::StatusOr<HttpReply> HttpGet(int port, const std::string& path) {
  const auto connection = Connection::Open(port);
  if (!connection.ok()) return connection.status();
  if (!(*connection)->Send(absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))) {
    return absl::UnavailableError("cannot send");
  }
  const std::string reply = (*connection)->ReceiveAll();
  const size_t head_length = reply.find("\r\n\r\n");
  if (head_length == std::string::npos) return absl::UnavailableError(absl::StrCat("not HTTP: ", reply));
  return HttpReply{.head = reply.substr(0, head_length), .body = reply.substr(head_length + 4)};
}

}  // namespace attnd
