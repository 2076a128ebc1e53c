#include "server/security/exposure.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST(IsLoopbackTest, HoldsForThisMachineAlone) {
  for (const char* address : {"127.0.0.1:1", "127.9.8.7:1", "localhost:1", "[::1]:1"}) {
    EXPECT_TRUE(IsLoopback(address)) << address;
  }
  for (const char* address : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "128.0.0.1:1", "[fe80::1]:1", "localhost.example:1",
                              "127.0.0.1.example:1", ":1", "[]:1", "[:1", "*:1"}) {
    EXPECT_FALSE(IsLoopback(address)) << address;
  }
}

TEST(ExposureWarningTest, LoopbackIsNotWarnedOf) { EXPECT_THAT(ExposureWarning("127.0.0.1:50051"), IsEmpty()); }

TEST(ExposureWarningTest, SaysWhatIsExposedAndHowToMendIt) {
  const std::string warning = ExposureWarning("0.0.0.0:50051");
  EXPECT_THAT(warning, HasSubstr("0.0.0.0:50051 without TLS"));
  EXPECT_THAT(warning, HasSubstr("--address=127.0.0.1:PORT"));
}

}  // namespace
}  // namespace attnd
