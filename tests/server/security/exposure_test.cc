#include "server/security/exposure.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(IsLoopbackTest, HoldsForThisMachineAlone) {
  for (const char* address : {"127.0.0.1:1", "127.9.8.7:1", "localhost:1", "[::1]:1", "unix:/run/admin.sock"}) {
    EXPECT_TRUE(IsLoopback(address)) << address;
  }
  for (const char* address : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "128.0.0.1:1", "[fe80::1]:1", "localhost.example:1",
                              "127.0.0.1.example:1", ":1", "[]:1", "[:1", "*:1"}) {
    EXPECT_FALSE(IsLoopback(address)) << address;
  }
}

TEST(ExposureWarningTest, SaysWhatIsExposedAndHowToMendIt) {
  const std::string warning = ExposureWarning("admin_address", "0.0.0.0:50051", false);
  EXPECT_THAT(warning, HasSubstr("--admin_address=0.0.0.0:50051 without TLS"));
  EXPECT_THAT(warning, HasSubstr("--admin_address=127.0.0.1:PORT"));
  EXPECT_THAT(warning, Not(HasSubstr("API key")));
}

TEST(ExposureWarningTest, SaysThatKeysCanBeReadOnTheWay) {
  EXPECT_THAT(ExposureWarning("address", "0.0.0.0:50051", true), HasSubstr("their API keys too"));
}

}  // namespace
}  // namespace attnd
