#include "client/ctl/terminal_text.h"

#include <string>

#include "gtest/gtest.h"

namespace attnd::client {
namespace {

TEST(TerminalTextTest, TextStaysWhatItIs) {
  EXPECT_EQ(TerminalText("", 5), "");
  EXPECT_EQ(TerminalText("it's \"naïve\" \\ 層 🙂", 100), "it's \"naïve\" \\ 層 🙂");
}

TEST(TerminalTextTest, WhatWouldMoveTheCursorIsShownAsItsBytes) {
  EXPECT_EQ(TerminalText("a\tb\r\x1b[2J\x7f", 100), "a\\x09b\\x0d\\x1b[2J\\x7f");
  EXPECT_EQ(TerminalText("\xc2\x9b"
                         "2J",
                         100),
            "\\xc2\\x9b2J");
}

TEST(TerminalTextTest, WhatIsNotUtf8IsShownAsItsBytes) {
  EXPECT_EQ(TerminalText("a\xff\xe2\x82"
                         "b\x80\x80\x80\x80\x80",
                         100),
            "a\\xff\\xe2\\x82b\\x80\\x80\\x80\\x80\\x80");
}

TEST(TerminalTextTest, QuotedTextIsAStringOfC) {
  EXPECT_EQ(QuotedText("naïve 層"), "\"naïve 層\"");
  EXPECT_EQ(QuotedText("a\n\"\\"), R"("a\n\"\\")");
  EXPECT_EQ(QuotedText("\xc3|\xc2\x9b"), R"("\xc3|\xc2\x9b")");
  EXPECT_EQ(QuotedText(""), "\"\"");
}

TEST(TerminalTextTest, LongTextIsCutBetweenCharacters) {
  EXPECT_EQ(TerminalText("層層層", 3), "層層層");
  EXPECT_EQ(TerminalText("層層層", 2), "層層...");
}

}  // namespace
}  // namespace attnd::client
