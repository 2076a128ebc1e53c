#include "server/rpc/utf8.h"

#include <string>

#include "gtest/gtest.h"

namespace attnd {
namespace {

TEST(Utf8PrefixTest, TextThatFitsIsKept) {
  EXPECT_EQ(Utf8Prefix("", 0), "");
  EXPECT_EQ(Utf8Prefix("abc", 3), "abc");
  EXPECT_EQ(Utf8Prefix("h\u00e9", 3), "h\u00e9");
}

TEST(Utf8PrefixTest, TheCutIsBetweenCharacters) {
  EXPECT_EQ(Utf8Prefix("abc", 2), "ab");
  EXPECT_EQ(Utf8Prefix("h\u00e9", 2), "h");
  const std::string four_bytes = "a\U0001F600b";
  for (size_t max_bytes = 1; max_bytes < 5; ++max_bytes) EXPECT_EQ(Utf8Prefix(four_bytes, max_bytes), "a");
  EXPECT_EQ(Utf8Prefix(four_bytes, 5), "a\U0001F600");
}

TEST(Utf8PrefixTest, WhatIsNotUtf8IsCutToo) { EXPECT_EQ(Utf8Prefix(std::string(9, '\x80'), 4), ""); }

TEST(QuotedTest, HasTheFirst64BytesInQuotes) {
  EXPECT_EQ(Quoted("h.0"), "\"h.0\"");
  EXPECT_EQ(Quoted(std::string(100, 'x')), "\"" + std::string(64, 'x') + "\"");
}

}  // namespace
}  // namespace attnd
