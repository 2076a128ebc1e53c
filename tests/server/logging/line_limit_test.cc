#include "server/logging/line_limit.h"

#include "gtest/gtest.h"

namespace attnd {
namespace {

TEST(LineLimitTest, LetsSoManyPassInASecondAndTellsHowManyDidNot) {
  LineLimit limit(2);
  const absl::Time start = absl::UnixEpoch() + absl::Seconds(1000);
  EXPECT_EQ(limit.Pass(start), 0);
  EXPECT_EQ(limit.Pass(start + absl::Milliseconds(500)), 0);
  EXPECT_EQ(limit.Pass(start + absl::Milliseconds(600)), std::nullopt);
  EXPECT_EQ(limit.Pass(start + absl::Milliseconds(999)), std::nullopt);
  EXPECT_EQ(limit.Pass(start + absl::Seconds(1)), 2);
  EXPECT_EQ(limit.Pass(start + absl::Seconds(1)), 0);
}

}  // namespace
}  // namespace attnd
