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
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd::client {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

absl::Time InAMinute() { return absl::Now() + absl::Minutes(1); }

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

// What comes of a server that answers `answer`.
absl::StatusOr<std::string> GetOf(const std::string& answer, size_t max_bytes = 1 << 20) {
  const Listener listener;
  std::thread server([&] { listener.Answer(answer); });
  absl::StatusOr<std::string> body = HttpGet(listener.address(), "/metrics", InAMinute(), max_bytes);
  server.join();
  return body;
}

TEST(HttpGetTest, ReturnsTheBody) {
  const absl::StatusOr<std::string> body = GetOf("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody");
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_EQ(*body, "body");
}

TEST(HttpGetTest, AsksForThePathInHttp10) {
  const Listener listener;
  std::string request;
  std::thread server([&] { request = listener.Answer("HTTP/1.0 200 OK\r\n\r\n"); });
  EXPECT_TRUE(HttpGet(listener.address(), "/metrics", InAMinute()).ok());
  server.join();
  EXPECT_THAT(request, StartsWith("GET /metrics HTTP/1.0\r\n"));
}

TEST(HttpGetTest, AnythingBut200IsUnavailable) {
  const absl::Status status = GetOf("HTTP/1.1 404 Not Found\r\n\r\n").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("/metrics answers 'HTTP/1.1 404 Not Found'"));
}

TEST(HttpGetTest, WhatIsNotHttpIsUnavailable) {
  for (const char* answer : {"", "\r\n\r\n", "HTTP/1.1 200 OK", "SSH-2.0-OpenSSH\r\n\r\n"}) {
    const absl::Status status = GetOf(answer).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << answer;
    EXPECT_THAT(std::string(status.message()), HasSubstr("does not speak HTTP")) << answer;
  }
}

TEST(HttpGetTest, HoldsNoMoreThanMaxBytes) {
  const std::string answer = absl::StrCat("HTTP/1.1 200 OK\r\n\r\n", std::string(100, 'x'));
  EXPECT_TRUE(GetOf(answer, answer.size()).ok());
  EXPECT_EQ(GetOf(answer, answer.size() - 1).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(HttpGetTest, ASilentServerIsGivenUpAtTheDeadline) {
  const Listener listener;
  const absl::Status status = HttpGet(listener.address(), "/metrics", absl::Now() + absl::Milliseconds(20)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
}

TEST(HttpGetTest, NobodyThereIsUnavailable) {
  std::string address;
  {
    const Listener listener;
    address = listener.address();
  }
  const absl::Status status = HttpGet(address, "/metrics", InAMinute()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(std::string(status.message()), address + ": Connection refused");
}

TEST(HttpGetTest, AnAddressHasHostAndPort) {
  for (const char* address : {"", "localhost", ":9464", "localhost:", "[]:9464"}) {
    const absl::Status status = HttpGet(address, "/metrics", InAMinute()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << address;
  }
}

}  // namespace
}  // namespace attnd::client
