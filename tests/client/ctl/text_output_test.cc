#include "client/ctl/text_output.h"

#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

v1::TokenizeResponse Tokens() {
  v1::TokenizeResponse response;
  for (const uint32_t id : {7U, 300U}) response.add_ids(id);
  for (const uint32_t begin : {0U, 1U}) response.add_begins(begin);
  for (const uint32_t end : {1U, 4U}) response.add_ends(end);
  response.set_model_version("c0ffee-1");
  return response;
}

TEST(TextOutputTest, ATableShowsEveryTokenAndItsText) {
  const auto table = TokensTable("a\n b", Tokens());
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT(*table, HasSubstr("    1  300      1    4  \"\\n b\"\n"));
  EXPECT_THAT(*table, HasSubstr("2 tokens: 7,300\n"));
}

TEST(TextOutputTest, JsonHasWhatTheReplyHas) {
  EXPECT_EQ(*TokensJson(Tokens()), R"({"ids":[7,300],"begins":[0,1],"ends":[1,4],"model_version":"c0ffee-1"})"
                                   "\n");
}

TEST(TextOutputTest, AReplyThatContradictsItselfIsAnError) {
  EXPECT_TRUE(absl::IsInternal(TokensTable("a", Tokens()).status()));
  v1::TokenizeResponse response = Tokens();
  response.clear_ends();
  EXPECT_TRUE(absl::IsInternal(TokensJson(response).status()));
}

TEST(TextOutputTest, DetokenizedTextIsPrintedAsItIs) {
  v1::DetokenizeResponse response;
  response.set_text("a\nb");
  EXPECT_EQ(TextOf(response), "a\nb");
  EXPECT_EQ(TextJson(response), "{\"text\":\"a\\nb\",\"ends\":[],\"model_version\":\"\"}\n");
  response.set_text_bytes("\xff");
  EXPECT_EQ(TextOf(response), "\xff");
  EXPECT_EQ(TextJson(response), "{\"text_bytes\":\"ff\",\"ends\":[],\"model_version\":\"\"}\n");
}

TEST(TextOutputTest, DetokenizedTextIsSplitWhereTokensEnd) {
  v1::DetokenizeResponse response;
  response.set_text_bytes("a\xc3");
  for (const uint32_t end : {1U, 1U, 2U}) response.add_ends(end);
  EXPECT_THAT(*SplitText(response), ElementsAre("\"a\"", "\"\"", "\"\\xc3\""));
  response.add_ends(1);
  EXPECT_TRUE(absl::IsInternal(SplitText(response).status()));
}

}  // namespace
}  // namespace attnd::client
