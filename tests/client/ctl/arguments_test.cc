#include "client/ctl/arguments.h"

#include <cstddef>
#include <fstream>
#include <string>

#include "client/output_format.h"
#include "client/tensor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ArgumentsTest, AnInputIsCommaSeparatedTokenIds) {
  const absl::StatusOr<v1::Input> input = ParseTokenIds("15496,995,0");
  ASSERT_TRUE(input.ok()) << input.status();
  EXPECT_THAT(input->token_ids().ids(), ElementsAre(15496, 995, 0));
}

TEST(ArgumentsTest, WhatIsNoTokenIdIsNamed) {
  EXPECT_THAT(ParseTokenIds("1,x2,3").status().message(), HasSubstr("'x2' in '1,x2,3' is not a token id"));
  for (const char* text : {"", "1,", ",1", "-1", "1.5", "4294967296", "1 2"}) {
    EXPECT_EQ(ParseTokenIds(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(ArgumentsTest, ChoicesGoByTheirNames) {
  EXPECT_EQ(ParsePositions("positions", "last")->positions, v1::POSITIONS_LAST);
  EXPECT_EQ(ParsePositions("positions", "all")->positions, v1::POSITIONS_ALL);
  EXPECT_EQ(ParseLogits("none")->positions, v1::POSITIONS_UNSPECIFIED);
  EXPECT_EQ(ParseLogits("all")->positions, v1::POSITIONS_ALL);
  EXPECT_EQ(ParsePooling("mean").value(), v1::POOLING_MEAN);
  EXPECT_EQ(ParsePooling("weighted_mean").value(), v1::POOLING_WEIGHTED_MEAN);
  EXPECT_EQ(ParseOutputFormat("json").value(), OutputFormat::kJson);
}

TEST(ArgumentsTest, AnUnknownChoiceIsAnsweredWithTheKnownOnes) {
  EXPECT_EQ(ParsePooling("max").status().message(), "no pooling 'max'; there are: last, mean, weighted_mean");
  EXPECT_EQ(ParsePositions("positions", "none").status().message(),
            "no positions 'none'; there are: last, all, and lists such as 0,5");
  EXPECT_EQ(ParseLogits("1,,2").status().message(),
            "no logits '1,,2'; there are: none, last, all, and lists such as 0,5");
}

TEST(ArgumentsTest, PositionsCanBeListed) {
  const absl::StatusOr<PositionChoice> choice = ParseLogits("7,0");
  ASSERT_TRUE(choice.ok()) << choice.status();
  EXPECT_EQ(choice->positions, v1::POSITIONS_LISTED);
  EXPECT_THAT(choice->listed, ElementsAre(7, 0));
}

TEST(ArgumentsTest, HiddenStatesAreWholeRows) {
  const std::string bytes = EncodeFloats({1, 2, 3, 4, 5, 6});
  const absl::StatusOr<v1::Input> input = ParseHiddenStates(bytes, 3);
  ASSERT_TRUE(input.ok()) << input.status();
  EXPECT_THAT(input->hidden_states().shape(), ElementsAre(2, 3));
  EXPECT_EQ(input->hidden_states().data(), bytes);
}

TEST(ArgumentsTest, HiddenStatesThatAreNotWholeRowsAreRefused) {
  EXPECT_THAT(ParseHiddenStates(std::string(20, 'x'), 3).status().message(), HasSubstr("20 bytes"));
  EXPECT_FALSE(ParseHiddenStates("", 3).ok());
  EXPECT_FALSE(ParseHiddenStates("1234", 0).ok());
}

}  // namespace
}  // namespace attnd::client
