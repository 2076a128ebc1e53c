#include "engine/text/added_tokens.h"

#include "gtest/gtest.h"

namespace attnd {
namespace {

TEST(AddedTokensTest, FindsTheLeftmostAndOfThoseTheLongest) {
  AddedTokens tokens;
  tokens.Add("<a>", 1);
  tokens.Add("<a><b>", 2);
  tokens.Add("x<a>", 3);

  const auto match = tokens.Find("..<a><b>x<a>");
  ASSERT_TRUE(match);
  EXPECT_EQ(match->begin, 2U);
  EXPECT_EQ(match->byte_count, 6U);
  EXPECT_EQ(match->id, 2);
  EXPECT_EQ(tokens.Find("<a><bx<a>")->id, 1);
  EXPECT_EQ(tokens.Find("<x<a>")->id, 3);
}

TEST(AddedTokensTest, FindsNothingWhereNoneIs) {
  EXPECT_FALSE(AddedTokens().Find("abc"));
  AddedTokens tokens;
  tokens.Add("<a>", 1);
  EXPECT_FALSE(tokens.Find(""));
  EXPECT_FALSE(tokens.Find("<a <<a"));
}

}  // namespace
}  // namespace attnd
