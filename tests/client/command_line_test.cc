#include "client/command_line.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

ABSL_FLAG(int64_t, test_count, 1, "");
ABSL_FLAG(std::string, test_name, "", "");
ABSL_FLAG(bool, test_switch, false, "");

namespace attnd::client {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

absl::StatusOr<CommandLine> Parse(std::vector<std::string> arguments) {
  std::string program = "program";
  std::vector<char*> pointers = {program.data()};
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  return ParseCommandLine(pointers);
}

std::string ErrorOf(std::vector<std::string> arguments) {
  return std::string(Parse(std::move(arguments)).status().message());
}

TEST(CommandLineTest, FlagsAndPositionalArgumentsMix) {
  const absl::StatusOr<CommandLine> command_line = Parse({"a", "--test_count=7", "b", "--test_name", "x y", "c"});
  ASSERT_TRUE(command_line.ok()) << command_line.status();
  EXPECT_THAT(command_line->positional, ElementsAre("a", "b", "c"));
  EXPECT_THAT(command_line->flags, ElementsAre("test_count", "test_name"));
  EXPECT_EQ(absl::GetFlag(FLAGS_test_count), 7);
  EXPECT_EQ(absl::GetFlag(FLAGS_test_name), "x y");
}

TEST(CommandLineTest, SwitchesTakeNoValueAndCanBeNegated) {
  ASSERT_TRUE(Parse({"--test_switch"}).ok());
  EXPECT_TRUE(absl::GetFlag(FLAGS_test_switch));
  ASSERT_TRUE(Parse({"--notest_switch"}).ok());
  EXPECT_FALSE(absl::GetFlag(FLAGS_test_switch));
  ASSERT_TRUE(Parse({"--test_switch=true"}).ok());
  EXPECT_TRUE(absl::GetFlag(FLAGS_test_switch));
}

TEST(CommandLineTest, EverythingAfterTwoDashesIsPositional) {
  const absl::StatusOr<CommandLine> command_line = Parse({"--", "--help", "-x"});
  ASSERT_TRUE(command_line.ok()) << command_line.status();
  EXPECT_FALSE(command_line->help);
  EXPECT_THAT(command_line->positional, ElementsAre("--help", "-x"));
}

TEST(CommandLineTest, HelpIsSeenAnywhere) {
  EXPECT_TRUE(Parse({"a", "--help"})->help);
  EXPECT_TRUE(Parse({"-h"})->help);
  EXPECT_THAT(Parse({"-h"})->positional, IsEmpty());
}

TEST(CommandLineTest, ErrorsNameTheFlag) {
  EXPECT_EQ(ErrorOf({"--nothing=1"}), "there is no flag --nothing");
  EXPECT_EQ(ErrorOf({"--notest_count"}), "there is no flag --notest_count");
  EXPECT_EQ(ErrorOf({"--test_count=many"}), "--test_count cannot be 'many'");
  EXPECT_EQ(ErrorOf({"--test_count"}), "--test_count needs a value");
  EXPECT_EQ(ErrorOf({"-5,3"}), "'-5,3' is neither an input nor a flag");
}

}  // namespace
}  // namespace attnd::client
