#include "client/connection_flags.h"

#include <string>

#include "absl/flags/reflection.h"
#include "gtest/gtest.h"

namespace attnd::client {
namespace {

class ConnectionFlagsTest : public testing::Test {
 protected:
  static void Set(const std::string& flag, const std::string& value) {
    std::string error;
    ASSERT_TRUE(absl::FindCommandLineFlag(flag)->ParseFrom(value, &error)) << error;
  }

  // The name that certificates are to have.
  static std::string ExpectedName() {
    const absl::StatusOr<ClientOptions> options = ConnectionFromFlags(absl::Seconds(1), /*max_attempts=*/1);
    EXPECT_TRUE(options.ok()) << options.status();
    return options->tls->server_name;
  }

  const absl::FlagSaver saver_;
};

TEST_F(ConnectionFlagsTest, OfSeveralServersCertificatesHaveTheFirstOnesName) {
  Set("tls", "true");
  Set("server", "localhost:50051,127.0.0.1:50052");
  EXPECT_EQ(ExpectedName(), "localhost");
  Set("tls_server_name", "attnd.example");
  EXPECT_EQ(ExpectedName(), "attnd.example");
}

TEST_F(ConnectionFlagsTest, OfOneTargetCertificatesHaveItsName) {
  Set("tls", "true");
  for (const char* target : {"localhost:50051", "dns:///attnd.example:50051"}) {
    Set("server", target);
    EXPECT_EQ(ExpectedName(), "");
  }
}

}  // namespace
}  // namespace attnd::client
