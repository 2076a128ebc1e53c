#include "server/rpc/status.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace attnd {
namespace {

TEST(ToGrpcStatusTest, CodesOfTheTableKeepTheirMeaningAndText) {
  using absl::StatusCode;
  const std::vector<std::pair<StatusCode, grpc::StatusCode>> table = {
      {StatusCode::kInvalidArgument, grpc::StatusCode::INVALID_ARGUMENT},
      {StatusCode::kResourceExhausted, grpc::StatusCode::RESOURCE_EXHAUSTED},
      {StatusCode::kUnavailable, grpc::StatusCode::UNAVAILABLE},
      {StatusCode::kDeadlineExceeded, grpc::StatusCode::DEADLINE_EXCEEDED},
      {StatusCode::kCancelled, grpc::StatusCode::CANCELLED},
      {StatusCode::kInternal, grpc::StatusCode::INTERNAL},
  };
  for (const auto& [code, expected] : table) {
    const grpc::Status status = ToGrpcStatus(absl::Status(code, "what and why"));
    EXPECT_EQ(status.error_code(), expected);
    EXPECT_EQ(status.error_message(), "what and why");
  }
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
}

TEST(ToGrpcStatusTest, WhatIsNotInTheTableIsOurOwnFault) {
  EXPECT_EQ(ToGrpcStatus(absl::NotFoundError("x")).error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(ToGrpcStatus(absl::UnknownError("x")).error_code(), grpc::StatusCode::INTERNAL);
}

TEST(ToGrpcStatusTest, ATextBeyondOneKibibyteIsCutBetweenCharacters) {
  const std::string longest(1024, 'x');
  EXPECT_EQ(ToGrpcStatus(absl::InvalidArgumentError(longest)).error_message(), longest);
  EXPECT_EQ(ToGrpcStatus(absl::InvalidArgumentError(longest + "y")).error_message(), std::string(1021, 'x') + "...");
  std::string two_bytes;
  for (int i = 0; i < 1000; ++i) two_bytes += "\u00e9";
  EXPECT_EQ(ToGrpcStatus(absl::InvalidArgumentError(two_bytes)).error_message(), two_bytes.substr(0, 1020) + "...");
}

}  // namespace
}  // namespace attnd
