// Calls that are made again.

#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "client/client.h"
#include "gtest/gtest.h"
#include "tests/client/fake_server.h"

namespace attnd::client {
namespace {

// Waiting for this once would outlast the test.
constexpr absl::Duration kForEver = absl::Hours(10);

const grpc::Status kFull(grpc::StatusCode::RESOURCE_EXHAUSTED, "full");
const grpc::Status kDraining(grpc::StatusCode::UNAVAILABLE, "draining");

class RetryTest : public testing::Test {
 protected:
  absl::Status Embed(RetryOptions retry, absl::Duration timeout = absl::Minutes(1)) {
    v1::EmbedRequest request;
    request.add_inputs()->mutable_token_ids()->add_ids(1);
    return Client::Create({.target = server_.target(), .timeout = timeout, .retry = retry})->Embed(request).status();
  }

  FakeServer server_;
};

constexpr RetryOptions kSoon = {.first_backoff = absl::Milliseconds(1), .max_backoff = absl::Milliseconds(1)};
constexpr RetryOptions kNeverUnlessTold = {.first_backoff = kForEver, .max_backoff = kForEver};

TEST_F(RetryTest, ACallIsMadeAgainUntilThereIsRoom) {
  server_.service().AnswerWith({kFull, kDraining});
  EXPECT_EQ(Embed(kSoon), absl::OkStatus());
  EXPECT_EQ(server_.service().call_count(), 3);
}

TEST_F(RetryTest, AttemptsEndAtTheirLimitWithTheLastAnswer) {
  server_.service().AnswerWith({kDraining, kDraining, kFull, kDraining});
  RetryOptions retry = kSoon;
  retry.max_attempts = 3;
  EXPECT_EQ(Embed(retry), absl::ResourceExhaustedError("full"));
  EXPECT_EQ(server_.service().call_count(), 3);
}

TEST_F(RetryTest, OneAttemptIsNoRetry) {
  server_.service().AnswerWith({kFull});
  EXPECT_EQ(Embed({.max_attempts = 1}), absl::ResourceExhaustedError("full"));
  EXPECT_EQ(server_.service().call_count(), 1);
}

TEST_F(RetryTest, WhatTheCallerDidWrongIsNotTriedAgain) {
  for (const auto code : {grpc::StatusCode::INVALID_ARGUMENT, grpc::StatusCode::INTERNAL,
                          grpc::StatusCode::UNAUTHENTICATED, grpc::StatusCode::DEADLINE_EXCEEDED}) {
    const int before = server_.service().call_count();
    server_.service().AnswerWith({grpc::Status(code, "no")});
    EXPECT_EQ(Embed(kSoon).code(), static_cast<absl::StatusCode>(code));
    EXPECT_EQ(server_.service().call_count(), before + 1);
  }
}

TEST_F(RetryTest, TheTimeTheServerNamesTakesThePlaceOfAnyBackoff) {
  server_.service().AnswerWithPushback({kFull, kDraining}, /*pushback_ms=*/0);
  EXPECT_EQ(Embed(kNeverUnlessTold), absl::OkStatus());
  EXPECT_EQ(server_.service().call_count(), 3);
}

TEST_F(RetryTest, NoAttemptIsMadeBeforeTheTimeTheServerNames) {
  server_.service().AnswerWithPushback({kFull}, static_cast<int>(absl::ToInt64Milliseconds(kForEver)));
  EXPECT_EQ(Embed(kSoon, /*timeout=*/absl::Milliseconds(200)).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_LE(server_.service().call_count(), 1);
}

TEST_F(RetryTest, ANegativeTimeEndsTheAttempts) {
  server_.service().AnswerWithPushback({kFull}, /*pushback_ms=*/-1);
  EXPECT_EQ(Embed(kSoon), absl::ResourceExhaustedError("full"));
  EXPECT_EQ(server_.service().call_count(), 1);
}

TEST_F(RetryTest, RequestsOfMegabytesAreKeptForTheNextAttempt) {
  v1::EmbedRequest request;
  request.add_inputs()->set_text(std::string(3 << 20, 'x'));
  server_.service().AnswerWith({kFull});
  EXPECT_EQ(Client::Create({.target = server_.target(), .retry = kSoon})->Embed(request).status(), absl::OkStatus());
  EXPECT_EQ(server_.service().call_count(), 2);
}

}  // namespace
}  // namespace attnd::client
