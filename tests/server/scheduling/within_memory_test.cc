#include "server/scheduling/within_memory.h"

#include <new>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"

namespace attnd {
namespace {

TEST(WithinMemoryTest, ReturnsWhatTheWorkReturns) {
  EXPECT_EQ(WithinMemory([] { return absl::StatusOr<int>(7); }), absl::StatusOr<int>(7));
  EXPECT_EQ(WithinMemory([] { return absl::NotFoundError("x"); }), absl::NotFoundError("x"));
}

TEST(WithinMemoryTest, AnAllocationThatFailsEndsTheCallAlone) {
  const auto fail = []() -> absl::StatusOr<int> { throw std::bad_alloc(); };
  const absl::Status status = WithinMemory(fail).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(RetryDelay(status), absl::InfiniteDuration());
}

}  // namespace
}  // namespace attnd
