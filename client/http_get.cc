#include "client/http_get.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"

namespace attnd::client {
namespace {

constexpr absl::string_view kEndOfHeaders = "\r\n\r\n";

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

absl::StatusOr<Addresses> Resolve(absl::string_view address) {
  const size_t colon = address.rfind(':');
  absl::string_view host = address.substr(0, colon);
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  if (colon == absl::string_view::npos || host.empty() || colon + 1 == address.size()) {
    return absl::InvalidArgumentError(absl::StrCat("'", address, "' must be host:port"));
  }
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(std::string(host).c_str(), std::string(address.substr(colon + 1)).c_str(), &hints, &found);
  if (error != 0) return absl::UnavailableError(absl::StrCat(address, ": ", gai_strerror(error)));
  return Addresses(found, &freeaddrinfo);
}

// A connection whose every step ends at the deadline.
// Owns: its descriptor.
class Connection {
 public:
  Connection(const addrinfo& at, absl::Time deadline)
      : descriptor_(socket(at.ai_family, at.ai_socktype | SOCK_CLOEXEC, at.ai_protocol)), deadline_(deadline) {}
  ~Connection() {
    if (descriptor_ >= 0) close(descriptor_);
  }

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  absl::Status Connect(const addrinfo& at) {
    if (descriptor_ < 0) return Failure();
    if (absl::Status status = LimitTime(); !status.ok()) return status;
    return connect(descriptor_, at.ai_addr, at.ai_addrlen) == 0 ? absl::OkStatus() : Failure();
  }

  absl::Status Send(absl::string_view bytes) {
    while (!bytes.empty()) {
      if (absl::Status status = LimitTime(); !status.ok()) return status;
      const ssize_t sent = send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) return Failure();
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return absl::OkStatus();
  }

  // All that comes until the other end closes.
  absl::StatusOr<std::string> ReceiveAll(size_t max_bytes) {
    std::string all;
    char piece[1 << 14];
    while (true) {
      if (absl::Status status = LimitTime(); !status.ok()) return status;
      const ssize_t received = recv(descriptor_, piece, sizeof(piece), 0);
      if (received < 0) return Failure();
      if (received == 0) return all;
      if (all.size() + static_cast<size_t>(received) > max_bytes) {
        return absl::ResourceExhaustedError(absl::StrCat("the answer has more than ", max_bytes, " bytes"));
      }
      all.append(piece, static_cast<size_t>(received));
    }
  }

 private:
  absl::Status LimitTime() const {
    const absl::Duration left = deadline_ - absl::Now();
    if (left <= absl::ZeroDuration()) return absl::DeadlineExceededError("no answer in time");
    // 0 would mean for ever.
    const timeval limit = absl::ToTimeval(std::max(left, absl::Microseconds(1)));
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    return absl::OkStatus();
  }

  static absl::Status Failure() {
    const int error = errno;
    if (error == EAGAIN || error == EINPROGRESS) return absl::DeadlineExceededError("no answer in time");
    return absl::UnavailableError(std::strerror(error));
  }

  int descriptor_;
  absl::Time deadline_;
};

absl::StatusOr<std::string> GetFrom(const addrinfo& at, absl::string_view address, absl::string_view path,
                                    absl::Time deadline, size_t max_bytes) {
  Connection connection(at, deadline);
  if (absl::Status status = connection.Connect(at); !status.ok()) return status;
  // 1.0: the answer comes as it is and ends with the connection.
  const std::string request = absl::StrCat("GET ", path, " HTTP/1.0\r\nHost: ", address, kEndOfHeaders);
  if (absl::Status status = connection.Send(request); !status.ok()) return status;
  absl::StatusOr<std::string> received = connection.ReceiveAll(max_bytes);
  if (!received.ok()) return received.status();
  const absl::string_view answer = *received;
  const size_t end_of_headers = answer.find(kEndOfHeaders);
  const absl::string_view first_line = answer.substr(0, answer.find("\r\n"));
  if (!absl::StartsWith(first_line, "HTTP/1.") || end_of_headers == absl::string_view::npos) {
    return absl::UnavailableError("what answers does not speak HTTP");
  }
  if (first_line.substr(first_line.find(' ') + 1, 3) != "200") {
    return absl::UnavailableError(absl::StrCat(path, " answers '", first_line, "'"));
  }
  return std::string(answer.substr(end_of_headers + kEndOfHeaders.size()));
}

}  // namespace

absl::StatusOr<std::string> HttpGet(absl::string_view address, absl::string_view path, absl::Time deadline,
                                    size_t max_bytes) {
  absl::StatusOr<Addresses> addresses = Resolve(address);
  if (!addresses.ok()) return addresses.status();
  absl::StatusOr<std::string> body;
  for (const addrinfo* at = addresses->get(); at != nullptr; at = at->ai_next) {
    body = GetFrom(*at, address, path, deadline, max_bytes);
    if (body.ok()) return body;
  }
  return absl::Status(body.status().code(), absl::StrCat(address, ": ", body.status().message()));
}

}  // namespace attnd::client
