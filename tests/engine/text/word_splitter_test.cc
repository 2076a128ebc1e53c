#include "engine/text/word_splitter.h"

#include <algorithm>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd {
namespace {

using testing::ElementsAre;
using Jit = WordSplitter::Jit;

std::vector<std::string> Words(absl::string_view text, Jit jit) {
  std::vector<std::string> words;
  const auto splitter = WordSplitter::Create(jit);
  EXPECT_TRUE(splitter.ok()) << splitter.status();
  EXPECT_TRUE(splitter->Split(text, [&](absl::string_view word) { words.emplace_back(word); }).ok());
  return words;
}

class WordSplitterTest : public testing::TestWithParam<Jit> {};

INSTANTIATE_TEST_SUITE_P(, WordSplitterTest, testing::Values(Jit::kOn, Jit::kOff),
                         [](const auto& test) { return test.param == Jit::kOn ? "Compiled" : "Interpreted"; });

TEST_P(WordSplitterTest, LettersNumbersAndOthersTakeOneSpaceBeforeThem) {
  EXPECT_THAT(Words("Hello world 42 and 3.14!!", GetParam()),
              ElementsAre("Hello", " world", " 42", " and", " 3", ".", "14", "!!"));
  EXPECT_THAT(Words("", GetParam()), ElementsAre());
}

TEST_P(WordSplitterTest, ContractionsAreWordsInLowerCaseOnly) {
  EXPECT_THAT(Words("it's they'll we've I'm d'you I'D", GetParam()),
              ElementsAre("it", "'s", " they", "'ll", " we", "'ve", " I", "'m", " d", "'", "you", " I", "'", "D"));
}

TEST_P(WordSplitterTest, OfSeveralSpacesTheLastStaysForTheNextWord) {
  EXPECT_THAT(Words("a   b\n\n c  ", GetParam()), ElementsAre("a", "  ", " b", "\n\n", " c", "  "));
  EXPECT_THAT(Words("a\u00a0\u3000b", GetParam()), ElementsAre("a", "\u00a0", "\u3000", "b"));
  EXPECT_THAT(Words("a\u0085\u0085\u2028b", GetParam()), ElementsAre("a", "\u0085\u0085", "\u2028", "b"));
}

TEST_P(WordSplitterTest, OnlyUnicodesWhiteSpaceIsSpace) {
  EXPECT_THAT(Words("a\u180eb\u200bc\x1f"
                    "d",
                    GetParam()),
              ElementsAre("a", "\u180e", "b", "\u200b", "c", "\x1f", "d"));
}

TEST_P(WordSplitterTest, LettersAndNumbersAreThoseOfUnicode) {
  EXPECT_THAT(
      Words("\u6771\u4eac \u043f\u0440\u0438\u0432\u0435\u0442 \u0663\u2167\u00bd e\u0301", GetParam()),
      ElementsAre("\u6771\u4eac", " \u043f\u0440\u0438\u0432\u0435\u0442", " \u0663\u2167\u00bd", " e", "\u0301"));
}

TEST_P(WordSplitterTest, MillionsOfOneCharacterAreOneWord) {
  constexpr size_t kCount = 20'000'000;
  for (const char c : {'a', '7', '-', '\n'}) {
    const std::vector<std::string> words = Words(std::string(kCount, c), GetParam());
    ASSERT_EQ(words.size(), 1U);
    EXPECT_EQ(words[0].size(), kCount);
  }
  EXPECT_EQ(Words(std::string(kCount, ' ') + "x", GetParam()).size(), 2U);
}

}  // namespace
}  // namespace attnd
