#include "client/http_get.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd::client {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Listens on a free port of 127.0.0.1.
class Listener {
 public:
  Listener() : descriptor_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in at = {};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* address = reinterpret_cast<sockaddr*>(&at);
    socklen_t size = sizeof(at);
    EXPECT_EQ(bind(descriptor_, address, size), 0);
    EXPECT_EQ(listen(descriptor_, 1), 0);
    EXPECT_EQ(getsockname(descriptor_, address, &size), 0);
    address_ = absl::StrCat("127.0.0.1:", ntohs(at.sin_port));
  }
  ~Listener() { close(descriptor_); }

  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  const std::string& address() const { return address_; }

  // Answers one request and closes; returns the request.
  std::string Answer(const std::string& answer) const {
    const int connection = accept(descriptor_, nullptr, nullptr);
    std::string request;
    char piece[1024];
    while (!absl::EndsWith(request, "\r\n\r\n")) {
      const ssize_t received = recv(connection, piece, sizeof(piece), 0);
      if (received <= 0) break;
      request.append(piece, static_cast<size_t>(received));
    }
    send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
    close(connection);
    return request;
  }

 private:
  int descriptor_;
  std::string address_;
};

HttpUrl UrlOf(const Listener& listener) { return ParseHttpUrl("http://" + listener.address()).value(); }

// What comes of a server that answers `answer`.
absl::StatusOr<std::string> GetOf(const std::string& answer) {
  const Listener listener;
  std::thread server([&] { listener.Answer(answer); });
  absl::StatusOr<std::string> body = HttpGet(UrlOf(listener), absl::Minutes(1));
  server.join();
  return body;
}

TEST(HttpGetTest, ReturnsTheBody) {
  const absl::StatusOr<std::string> body = GetOf("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody");
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_EQ(*body, "body");
}

TEST(HttpGetTest, AsksForThePath) {
  const Listener listener;
  std::string request;
  std::thread server([&] { request = listener.Answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"); });
  EXPECT_TRUE(HttpGet(UrlOf(listener), absl::Minutes(1)).ok());
  server.join();
  EXPECT_THAT(request, StartsWith("GET /metrics HTTP/1.1\r\n"));
}

TEST(HttpGetTest, AnythingBut200IsUnavailable) {
  const absl::Status status = GetOf("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("/metrics: answered with code 404"));
}

TEST(HttpGetTest, WhatIsNotHttpIsUnavailable) {
  for (const char* answer : {"", "\r\n\r\n", "HTTP/1.1 200 OK", "SSH-2.0-OpenSSH\r\n\r\n"}) {
    EXPECT_EQ(GetOf(answer).status().code(), absl::StatusCode::kUnavailable) << answer;
  }
}

TEST(HttpGetTest, HoldsNoMoreThan16MiB) {
  const absl::Status status =
      GetOf("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + std::string((16 << 20) + 1, 'x')).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("more than 16 MiB"));
}

TEST(HttpGetTest, ASilentServerIsGivenUpInTime) {
  const Listener listener;
  const absl::Status status = HttpGet(UrlOf(listener), absl::Milliseconds(20)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
}

TEST(HttpGetTest, NobodyThereIsUnavailable) {
  HttpUrl url;
  {
    const Listener listener;
    url = UrlOf(listener);
  }
  EXPECT_EQ(HttpGet(url, absl::Minutes(1)).status().code(), absl::StatusCode::kUnavailable);
}

TEST(HttpUrlTest, APortAndAPathMayBeLeftOut) {
  const HttpUrl url = ParseHttpUrl("http://gpt2.example:9464/m?x=1").value();
  EXPECT_EQ(url.host, "gpt2.example");
  EXPECT_EQ(url.port, 9464);
  EXPECT_EQ(url.path, "/m?x=1");
  EXPECT_EQ(ParseHttpUrl("http://h").value().path, "/metrics");
  EXPECT_EQ(ParseHttpUrl("http://[::1]:9464").value().host, "[::1]");
  EXPECT_EQ(ParseHttpUrl("http://[::1]").value().port, 80);
}

TEST(HttpUrlTest, AnythingElseIsRefused) {
  for (const char* text : {"", "https://h", "h:9464", "http://", "http://:1", "http://h:0", "http://h:65536",
                           "http://h:x", "http://h/a b", "http://h/a\r\nX: y"}) {
    EXPECT_EQ(ParseHttpUrl(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace attnd::client
