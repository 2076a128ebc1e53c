#include "server/scheduling/retry_hint.h"

#include "gtest/gtest.h"

namespace attnd {
namespace {

TEST(RetryHintTest, AStatusCarriesTheDelayItWasGiven) {
  absl::Status status = absl::ResourceExhaustedError("full");
  SetRetryDelay(absl::Milliseconds(1500) + absl::Microseconds(7), status);
  EXPECT_EQ(RetryDelay(status), absl::Milliseconds(1500) + absl::Microseconds(7));
  EXPECT_EQ(status.message(), "full");
  SetRetryDelay(absl::InfiniteDuration(), status);
  EXPECT_EQ(RetryDelay(status), absl::InfiniteDuration());
  const absl::Status copy = status;
  EXPECT_EQ(RetryDelay(copy), RetryDelay(status));
}

TEST(RetryHintTest, AStatusThatWasGivenNoneHasNone) {
  EXPECT_EQ(RetryDelay(absl::ResourceExhaustedError("full")), std::nullopt);
  EXPECT_EQ(RetryDelay(absl::OkStatus()), std::nullopt);
}

}  // namespace
}  // namespace attnd
