#include "client/http_get.h"

#include <civetweb.h>

#include <algorithm>
#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace attnd::client {
namespace {

constexpr size_t kMostBytes = 16 << 20;

absl::Status Unavailable(const HttpUrl& url, absl::string_view why) {
  return absl::UnavailableError(absl::StrCat("http://", url.host, ":", url.port, url.path, ": ", why));
}

}  // namespace

absl::StatusOr<HttpUrl> ParseHttpUrl(absl::string_view text) {
  const absl::Status error = absl::InvalidArgumentError(absl::StrCat("'", text, "' is not http://HOST:PORT/PATH"));
  absl::string_view rest = text;
  if (!absl::ConsumePrefix(&rest, "http://")) return error;
  HttpUrl url;
  const size_t slash = rest.find('/');
  url.path = slash == absl::string_view::npos ? "/metrics" : std::string(rest.substr(slash));
  absl::string_view host = rest.substr(0, slash);
  // Not the colons of "[::1]".
  const size_t colon = host.rfind(':');
  if (colon != absl::string_view::npos && host.back() != ']') {
    if (!absl::SimpleAtoi(host.substr(colon + 1), &url.port) || url.port < 1 || url.port > 65535) return error;
    host = host.substr(0, colon);
  }
  url.host = std::string(host);
  if (url.host.empty() || url.path.find_first_of(" \r\n") != std::string::npos) return error;
  return url;
}

absl::StatusOr<std::string> HttpGet(const HttpUrl& url, absl::Duration timeout) {
  char error[200] = "";
  const std::unique_ptr<mg_connection, decltype(&mg_close_connection)> connection(
      mg_connect_client(url.host.c_str(), url.port, /*use_ssl=*/0, error, sizeof(error)), mg_close_connection);
  if (connection == nullptr) return Unavailable(url, error);
  mg_printf(connection.get(), "GET %s HTTP/1.1\r\nHost: %s:%d\r\nConnection: close\r\n\r\n", url.path.c_str(),
            url.host.c_str(), url.port);
  const auto timeout_ms =
      static_cast<int>(absl::ToInt64Milliseconds(std::clamp(timeout, absl::Milliseconds(1), absl::Hours(1))));
  if (mg_get_response(connection.get(), error, sizeof(error), timeout_ms) < 0) return Unavailable(url, error);
  const int code = mg_get_response_info(connection.get())->status_code;
  if (code != 200) return Unavailable(url, absl::StrCat("answered with code ", code));
  std::string body;
  char piece[1 << 14];
  for (int read = 0; (read = mg_read(connection.get(), piece, sizeof(piece))) > 0;) {
    body.append(piece, static_cast<size_t>(read));
    if (body.size() > kMostBytes) return Unavailable(url, "answered with more than 16 MiB");
  }
  return body;
}

}  // namespace attnd::client
