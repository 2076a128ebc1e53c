#include "engine/text/byte_pair_encoder.h"

#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/text/byte_alphabet.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/text/vocabularies.h"

namespace attnd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

BytePairEncoder Encoder(const Vocabulary& vocabulary) {
  auto encoder = BytePairEncoder::Create(vocabulary);
  EXPECT_TRUE(encoder.ok()) << encoder.status();
  return *std::move(encoder);
}

std::vector<int32_t> Ids(const BytePairEncoder& encoder, absl::string_view word) {
  std::vector<int32_t> ids;
  size_t length = 0;
  BytePairEncoder::Workspace workspace;
  encoder.Encode(word, workspace, [&](int32_t id, uint32_t byte_count) {
    ids.push_back(id);
    length += byte_count;
  });
  EXPECT_EQ(length, word.size());
  return ids;
}

// One merge after the other, the lowest rank first, of several the leftmost.
std::vector<int32_t> NaiveIds(const Vocabulary& vocabulary, absl::string_view word) {
  std::vector<std::string> symbols;
  for (const char c : word) symbols.push_back(LetterOf(static_cast<uint8_t>(c)));
  const auto rank_at = [&](size_t i) {
    return std::find(vocabulary.merges.begin(), vocabulary.merges.end(), std::pair(symbols[i], symbols[i + 1])) -
           vocabulary.merges.begin();
  };
  while (true) {
    auto best_rank = static_cast<std::ptrdiff_t>(vocabulary.merges.size());
    size_t best = 0;
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      if (rank_at(i) < best_rank) {
        best_rank = rank_at(i);
        best = i;
      }
    }
    if (best_rank == static_cast<std::ptrdiff_t>(vocabulary.merges.size())) break;
    symbols[best] += symbols[best + 1];
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
  std::vector<int32_t> ids;
  for (const std::string& symbol : symbols) ids.push_back(vocabulary.ids.at(symbol));
  return ids;
}

TEST(BytePairEncoderTest, MergesTheLowestRankFirst) {
  const BytePairEncoder encoder = Encoder(VocabularyOf({{"b", "c"}, {"a", "b"}, {"ab", "c"}, {"a", "bc"}}));

  EXPECT_THAT(Ids(encoder, "abc"), ElementsAre(258));
  EXPECT_THAT(Ids(encoder, "ab"), ElementsAre(257));
  EXPECT_THAT(Ids(encoder, "abb"), ElementsAre(257, 'b'));
  EXPECT_THAT(Ids(encoder, "xbc"), ElementsAre('x', 256));
  EXPECT_THAT(Ids(encoder, ""), ElementsAre());
}

TEST(BytePairEncoderTest, OfEqualPairsTheLeftmostIsMergedFirst) {
  const BytePairEncoder encoder = Encoder(VocabularyOf({{"a", "a"}, {"aa", "aa"}}));

  EXPECT_THAT(Ids(encoder, "aaa"), ElementsAre(256, 'a'));
  EXPECT_THAT(Ids(encoder, "aaaaaaa"), ElementsAre(257, 256, 'a'));
}

TEST(BytePairEncoderTest, AMergeThatBecomesPossibleComesBeforeLaterOnes) {
  // Learnt in no order: (ab, a) comes before the merge that makes ab.
  const BytePairEncoder encoder = Encoder(VocabularyOf({{"ab", "a"}, {"a", "b"}}));

  EXPECT_THAT(Ids(encoder, "abab"), ElementsAre(256, 'b'));
}

TEST(BytePairEncoderTest, AgreesWithMergingOneByOneWhateverTheMergesAre) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    // Every token is made of two before it; then the merges may be shuffled.
    std::vector<std::string> tokens = {"a", "b", "c"};
    Vocabulary vocabulary = VocabularyOf({});
    for (int i = 0; i < 12; ++i) {
      const std::pair merge(tokens[random() % tokens.size()], tokens[random() % tokens.size()]);
      if (std::find(vocabulary.merges.begin(), vocabulary.merges.end(), merge) != vocabulary.merges.end()) continue;
      vocabulary.merges.push_back(merge);
      tokens.push_back(merge.first + merge.second);
      vocabulary.ids.try_emplace(tokens.back(), static_cast<int32_t>(vocabulary.ids.size()));
    }
    if (round % 2 == 1) std::shuffle(vocabulary.merges.begin(), vocabulary.merges.end(), random);
    const BytePairEncoder encoder = Encoder(vocabulary);
    for (int i = 0; i < 20; ++i) {
      std::string word;
      for (size_t length = random() % 30; word.size() < length;) word.push_back("abcd"[random() % 4]);
      EXPECT_EQ(Ids(encoder, word), NaiveIds(vocabulary, word)) << word;
    }
  }
}

TEST(BytePairEncoderTest, AMegabyteOfOneLetterIsMergedToItsEnd) {
  const BytePairEncoder encoder = Encoder(VocabularyOf({{"a", "a"}, {"aa", "aa"}, {"aaaa", "aaaa"}}));

  const std::vector<int32_t> ids = Ids(encoder, std::string((1 << 20) + 1, 'a'));

  EXPECT_EQ(ids.size(), (1U << 17) + 1);
  EXPECT_EQ(ids.front(), 258);
  EXPECT_EQ(ids.back(), 'a');
}

TEST(BytePairEncoderTest, RefusesWhatCannotEncodeEveryByteOrMakesUnknownTokens) {
  const auto expect_refused = [](const Vocabulary& vocabulary, const char* text) {
    const absl::Status status = BytePairEncoder::Create(vocabulary).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(text));
  };
  Vocabulary vocabulary = VocabularyOf({{"a", "b"}});
  vocabulary.merges.emplace_back("a", "b");
  expect_refused(vocabulary, "merge 1, \"a\" and \"b\": \"ab\" is made by the same merge before");
  vocabulary.merges[1] = {"a", "c"};
  expect_refused(vocabulary, "\"ac\" is not in the vocabulary");
  vocabulary.merges[1] = {"x", "long"};
  expect_refused(vocabulary, "\"long\" is not in the vocabulary");
  vocabulary.merges.clear();
  vocabulary.ids.erase("\u0120");
  expect_refused(vocabulary, "no token \"\\u0120\" for byte 0x20");
}

}  // namespace
}  // namespace attnd
