#include "tests/server/telemetry/http_get.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace attnd {

absl::StatusOr<HttpReply> HttpGet(int port, const std::string& path) {
  const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connection < 0) return absl::ErrnoToStatus(errno, "socket");
  const absl::Cleanup closer = [&] { close(connection); };
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return absl::UnavailableError("cannot connect");
  }
  const std::string request = absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  if (send(connection, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
    return absl::UnavailableError("cannot send");
  }
  std::string reply;
  char buffer[4096];
  for (ssize_t count = 0; (count = recv(connection, buffer, sizeof(buffer), 0)) > 0;) {
    reply.append(buffer, static_cast<size_t>(count));
  }
  const size_t head_length = reply.find("\r\n\r\n");
  if (head_length == std::string::npos) return absl::UnavailableError(absl::StrCat("not HTTP: ", reply));
  return HttpReply{.head = reply.substr(0, head_length), .body = reply.substr(head_length + 4)};
}

}  // namespace attnd
