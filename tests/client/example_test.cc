// The examples, run as a user runs them.

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/fake_server.h"
#include "tests/client/subprocess.h"

namespace attnd::client {
namespace {

using ::testing::HasSubstr;

TEST(ExampleTest, NearestPrintsTheTextWhoseVectorIsNearest) {
  FakeServer server;
  FakeServer other;
  // The vectors there grow with the place of their input.
  const ProgramResult result =
      RunProgram({ATTND_NEAREST, server.target() + "," + other.target(), "first", "second", "third"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "third\n");
}

TEST(ExampleTest, NearestSaysWhatWentWrong) {
  const ProgramResult result = RunProgram({ATTND_NEAREST, UnusedTarget(), "first", "second"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("attnd-nearest: UNAVAILABLE"));
}

}  // namespace
}  // namespace attnd::client
