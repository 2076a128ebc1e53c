#include "server/rpc/status.h"

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "server/rpc/invalid_field.h"
#include "server/scheduling/retry_hint.h"

namespace attnd {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// The only detail of `status`, which must be of type T.
template <typename T>
T OnlyDetail(const absl::Status& status) {
  const google::rpc::Status encoded = EncodeStatus(status, "request-1");
  T detail;
  EXPECT_EQ(encoded.details_size(), 1);
  EXPECT_TRUE(encoded.details_size() == 1 && encoded.details(0).UnpackTo(&detail));
  return detail;
}

// A row of the table that says nothing but code and text.
void ExpectPlain(absl::StatusCode code, std::optional<int64_t> pushback_ms) {
  const absl::Status status(code, "what and why");
  const google::rpc::Status encoded = EncodeStatus(status, "request-1");
  EXPECT_EQ(encoded.code(), static_cast<int>(code));
  EXPECT_EQ(encoded.message(), "what and why");
  EXPECT_THAT(encoded.details(), IsEmpty());
  EXPECT_EQ(RetryPushbackMs(status), pushback_ms);
}

TEST(StatusTableTest, OkSaysNothing) {
  EXPECT_TRUE(ToGrpcStatus(EncodeStatus(absl::OkStatus(), "request-1")).ok());
  EXPECT_EQ(RetryPushbackMs(absl::OkStatus()), std::nullopt);
}

TEST(StatusTableTest, InvalidArgumentNamesTheField) {
  const absl::Status status = InvalidField("inputs[2].token_ids", "has 0 tokens, must have 1 to 8");
  const auto details = OnlyDetail<google::rpc::BadRequest>(status);
  ASSERT_EQ(details.field_violations_size(), 1);
  EXPECT_EQ(details.field_violations(0).field(), "inputs[2].token_ids");
  EXPECT_EQ(details.field_violations(0).description(), "inputs[2].token_ids has 0 tokens, must have 1 to 8");
  EXPECT_EQ(EncodeStatus(status, "").code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(RetryPushbackMs(status), -1);
}

TEST(StatusTableTest, ResourceExhaustedTellsHowLongToWait) {
  absl::Status status = absl::ResourceExhaustedError("full");
  SetRetryDelay(absl::Microseconds(1250'100), status);
  const auto details = OnlyDetail<google::rpc::RetryInfo>(status);
  EXPECT_EQ(details.retry_delay().seconds(), 1);
  EXPECT_EQ(details.retry_delay().nanos(), 250'100'000);
  EXPECT_EQ(EncodeStatus(status, "").code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(RetryPushbackMs(status), 1251);
}

TEST(StatusTableTest, ResourceExhaustedThatWaitingDoesNotHelpIsNotToBeRetried) {
  absl::Status status = absl::ResourceExhaustedError("too large");
  SetRetryDelay(absl::InfiniteDuration(), status);
  EXPECT_THAT(EncodeStatus(status, "").details(), IsEmpty());
  EXPECT_EQ(RetryPushbackMs(status), -1);
}

TEST(StatusTableTest, ResourceExhaustedWithoutADelayLeavesRetriesToTheCaller) {
  ExpectPlain(absl::StatusCode::kResourceExhausted, std::nullopt);
}

TEST(StatusTableTest, UnavailableIsToBeRetriedElsewhereAtOnce) {
  const absl::Status status = absl::UnavailableError("draining");
  EXPECT_EQ(OnlyDetail<google::rpc::RetryInfo>(status).retry_delay().seconds(), 0);
  EXPECT_EQ(EncodeStatus(status, "").code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(RetryPushbackMs(status), 0);
}

TEST(StatusTableTest, NotFoundIsNotToBeRetried) { ExpectPlain(absl::StatusCode::kNotFound, -1); }

TEST(StatusTableTest, UnimplementedIsNotToBeRetried) { ExpectPlain(absl::StatusCode::kUnimplemented, -1); }

TEST(StatusTableTest, UnauthenticatedIsNotToBeRetried) { ExpectPlain(absl::StatusCode::kUnauthenticated, -1); }

TEST(StatusTableTest, PermissionDeniedIsNotToBeRetried) { ExpectPlain(absl::StatusCode::kPermissionDenied, -1); }

TEST(StatusTableTest, FailedPreconditionIsNotToBeRetried) { ExpectPlain(absl::StatusCode::kFailedPrecondition, -1); }

TEST(StatusTableTest, DeadlineExceededLeavesRetriesToTheCaller) {
  ExpectPlain(absl::StatusCode::kDeadlineExceeded, std::nullopt);
}

TEST(StatusTableTest, CancelledLeavesRetriesToTheCaller) { ExpectPlain(absl::StatusCode::kCancelled, std::nullopt); }

TEST(StatusTableTest, InternalNamesTheRequestAndNothingElse) {
  const absl::Status status = absl::InternalError("dnnl_status = 3 at 0x7fff");
  const google::rpc::Status encoded = EncodeStatus(status, "request-1");
  EXPECT_EQ(encoded.code(), grpc::StatusCode::INTERNAL);
  EXPECT_THAT(encoded.message(), HasSubstr("request_id=request-1"));
  EXPECT_THAT(encoded.ShortDebugString(), Not(HasSubstr("dnnl")));
  EXPECT_EQ(OnlyDetail<google::rpc::RequestInfo>(status).request_id(), "request-1");
  EXPECT_EQ(RetryPushbackMs(status), std::nullopt);
}

TEST(StatusTableTest, WhatIsNotInTheTableIsInternal) {
  for (const absl::Status& status : {absl::UnknownError("x"), absl::OutOfRangeError("x"), absl::DataLossError("x")}) {
    EXPECT_EQ(EncodeStatus(status, "request-1").code(), grpc::StatusCode::INTERNAL);
  }
}

TEST(ToGrpcStatusTest, CarriesTheWholeStatusAsDetails) {
  const google::rpc::Status encoded = EncodeStatus(InvalidField("pooling", "= 5"), "request-1");
  const grpc::Status status = ToGrpcStatus(encoded);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "pooling = 5");
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  EXPECT_EQ(details.SerializeAsString(), encoded.SerializeAsString());
}

TEST(ToGrpcStatusTest, ATextBeyondOneKibibyteIsCutBetweenCharacters) {
  const auto text = [](const std::string& message) {
    return EncodeStatus(absl::InvalidArgumentError(message), "").message();
  };
  const std::string longest(1024, 'x');
  EXPECT_EQ(text(longest), longest);
  EXPECT_EQ(text(longest + "y"), std::string(1021, 'x') + "...");
  std::string two_bytes;
  for (int i = 0; i < 1000; ++i) two_bytes += "\u00e9";
  EXPECT_EQ(text(two_bytes), two_bytes.substr(0, 1020) + "...");
}

// Text and details together: gRPC writes a byte of the text as up to three, and details in base 64.
TEST(ToGrpcStatusTest, TheLargestStatusFitsInTheTrailersOfACarefulReceiver) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "\u00e9";
  const grpc::Status status = ToGrpcStatus(EncodeStatus(InvalidFieldWithText(std::string(128, 'f'), text), ""));
  EXPECT_LT(3 * status.error_message().size() + absl::Base64Escape(status.error_details()).size(), 7 * 1024);
}

}  // namespace
}  // namespace attnd
