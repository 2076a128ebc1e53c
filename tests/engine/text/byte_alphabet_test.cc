#include "engine/text/byte_alphabet.h"

#include <cstdint>
#include <set>
#include <string>

#include "gtest/gtest.h"

namespace attnd {
namespace {

TEST(ByteAlphabetTest, EveryByteHasALetterOfItsOwnThatStandsForIt) {
  std::set<std::string> letters;
  for (int byte = 0; byte < 256; ++byte) {
    const std::string letter = LetterOf(static_cast<uint8_t>(byte));
    EXPECT_TRUE(letters.insert(letter).second) << letter;
    EXPECT_EQ(BytesOf(letter), std::string(1, static_cast<char>(byte)));
  }
}

TEST(ByteAlphabetTest, LettersAreThoseOfGpt2) {
  EXPECT_EQ(LetterOf('a'), "a");
  EXPECT_EQ(LetterOf(' '), "\u0120");
  EXPECT_EQ(LetterOf('\n'), "\u010a");
  EXPECT_EQ(LetterOf(0), "\u0100");
  EXPECT_EQ(LetterOf(0xAD), "\u0143");
  EXPECT_EQ(LetterOf(0xE9), "\u00e9");
}

TEST(ByteAlphabetTest, ATextWithAnotherCharacterStandsForItself) {
  for (const std::string text : {"<my token>", "\u0144", "\u4e00", "a\U0001F642", "a\xc3"})
    EXPECT_EQ(BytesOf(text), text);
}

}  // namespace
}  // namespace attnd
