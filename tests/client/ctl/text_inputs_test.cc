#include "client/ctl/text_inputs.h"

#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string WriteFile(const char* name, const std::string& content) {
  std::string path = testing::TempDir() + name;
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

std::vector<std::string> Texts(const absl::StatusOr<std::vector<v1::Input>>& inputs) {
  EXPECT_TRUE(inputs.ok()) << inputs.status();
  std::vector<std::string> texts;
  for (const v1::Input& input : *inputs) texts.push_back(input.text());
  return texts;
}

TEST(CollectInputsTest, ArgumentsAreTokenIdsUnlessTheyAreText) {
  const auto ids = CollectInputs({"1,2"}, {});
  ASSERT_TRUE(ids.ok()) << ids.status();
  EXPECT_THAT((*ids)[0].token_ids().ids(), ElementsAre(1, 2));
  EXPECT_THAT(Texts(CollectInputs({"1,2", "a b"}, {.is_text = true})), ElementsAre("1,2", "a b"));
  EXPECT_TRUE(absl::IsInvalidArgument(CollectInputs({"a b"}, {}).status()));
}

TEST(CollectInputsTest, AFileIsOneTextAndLinesAreOneEach) {
  const std::string file = WriteFile("text_inputs_file.txt", "a\nb\n");
  const std::string lines = WriteFile("text_inputs_lines.txt", "c\n\nd");
  EXPECT_THAT(Texts(CollectInputs({"x"}, {.is_text = true, .text_file = file, .text_lines = lines})),
              ElementsAre("x", "a\nb\n", "c", "", "d"));
  EXPECT_THAT(Texts(CollectInputs({}, {.text_lines = WriteFile("text_inputs_none.txt", "")})), ElementsAre());
  EXPECT_TRUE(absl::IsNotFound(CollectInputs({}, {.text_file = "/no/such/file"}).status()));
}

TEST(CollectInputsTest, WhatIsNotUtf8IsRefusedByItsPlaceOrTakenAsBytes) {
  const std::string lines = WriteFile("text_inputs_bad.txt", "good\nba\xff\n");
  const absl::Status status = CollectInputs({}, {.text_lines = lines}).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("line 2 of " + lines + " is not UTF-8 from byte 2 (0xff) on"));
  const auto inputs = CollectInputs({"\xff"}, {.is_text = true, .is_bytes = true});
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  EXPECT_EQ((*inputs)[0].text_bytes(), "\xff");
}

}  // namespace
}  // namespace attnd::client
