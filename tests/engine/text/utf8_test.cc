#include "engine/text/utf8.h"

#include <string>

#include "gtest/gtest.h"

namespace attnd {
namespace {

TEST(ValidUtf8LengthTest, WholeTextsAreValidToTheirEnd) {
  for (const std::string text : {"", "a", "plain text of many letters", "\u00e9", "\u20ac", "\U0001F642", "\uffff",
                                 "12345678\u00e9", "1234567\u20ac89", "\U0010ffff\u0800\u0080"}) {
    EXPECT_EQ(ValidUtf8Length(text), text.size()) << text;
    EXPECT_EQ(InvalidUtf8Length(text), 0U) << text;
  }
  EXPECT_EQ(ValidUtf8Length(std::string("a\0b", 3)), 3U);
}

TEST(ValidUtf8LengthTest, EndsBeforeTheFirstByteThatIsNoCharacter) {
  for (const std::string bad :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3(", "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80",
        "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x9f\x99", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    for (const std::string before : {"", "a", "\u00e9", "12345678", "123456789"}) {
      EXPECT_EQ(ValidUtf8Length(before + bad), before.size());
    }
  }
}

TEST(InvalidUtf8LengthTest, EndsBeforeTheFirstCharacter) {
  EXPECT_EQ(InvalidUtf8Length("\xff\x80\xe2\x82"
                              "a"),
            4U);
  EXPECT_EQ(InvalidUtf8Length("\xc3\xc3\xa9"), 1U);
  EXPECT_EQ(InvalidUtf8Length("\xff\xfe"), 2U);
}

}  // namespace
}  // namespace attnd
