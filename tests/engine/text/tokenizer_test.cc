#include "engine/text/tokenizer.h"

#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/text/tokenizer_files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/engine/text/vocabularies.h"

namespace attnd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Tokenizer TokenizerOf(const TokenizerDefinition& definition) {
  auto tokenizer = Tokenizer::Create(definition);
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status();
  return *std::move(tokenizer);
}

Tokenizer Golden() {
  auto tokenizer = LoadTokenizer(ATTND_GOLDEN_TINY);
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status();
  return *std::move(tokenizer);
}

Encoding Encode(const Tokenizer& tokenizer, absl::string_view bytes, const EncodeOptions& options = {}) {
  auto encoding = tokenizer.EncodeBytes(bytes, options);
  EXPECT_TRUE(encoding.ok()) << encoding.status();
  return *std::move(encoding);
}

void ExpectRoundTrip(const Tokenizer& tokenizer, absl::string_view bytes) {
  const Encoding encoding = Encode(tokenizer, bytes);
  const auto decoded = tokenizer.Decode(encoding.ids);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, bytes);
  uint32_t end = 0;
  for (size_t i = 0; i < encoding.ids.size(); ++i) {
    const ByteRange range = encoding.ranges[i];
    EXPECT_EQ(range.begin, end);
    EXPECT_EQ(bytes.substr(range.begin, range.end - range.begin), *tokenizer.BytesOfToken(encoding.ids[i]));
    end = range.end;
  }
  EXPECT_EQ(end, bytes.size());
}

TEST(TokenizerTest, GivesTheIdsOfHuggingFacesTokenizer) {
  std::ifstream file(std::string(ATTND_GOLDEN_TINY) + "/cases.json");
  const nlohmann::json cases = nlohmann::json::parse(file);
  ASSERT_GE(cases.size(), 10U);
  const Tokenizer tokenizer = Golden();
  for (const auto& golden : cases) {
    const auto encoding = tokenizer.EncodeText(golden["text"].get<std::string>());
    ASSERT_TRUE(encoding.ok()) << encoding.status();
    EXPECT_EQ(encoding->ids, golden["ids"].get<std::vector<int32_t>>()) << golden["text"];
    EXPECT_EQ(encoding->token_count, static_cast<int64_t>(encoding->ids.size()));
  }
}

TEST(TokenizerTest, AnyBytesComeBackAndRangesCoverThem) {
  const Tokenizer tokenizer = Golden();
  std::mt19937 random(3);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes;
    for (size_t length = random() % 100; bytes.size() < length;) bytes.push_back(static_cast<char>(random()));
    ExpectRoundTrip(tokenizer, bytes);
  }
  ExpectRoundTrip(tokenizer, "layers\xff\xfe layers<|endoftext|>\xe2\x82 it's \u20ac<|endoftext|>");
}

TEST(TokenizerTest, BytesThatAreNoCharactersAreAWordOfTheirOwn) {
  const Tokenizer tokenizer = TokenizerOf(DefinitionOf({{"a", "\u00ff"}, {"\u00ff", "\u00ff"}, {"\u00ff", "b"}}));

  const Encoding encoding = Encode(tokenizer,
                                   "a\xff\xff"
                                   "b");

  EXPECT_THAT(encoding.ids, ElementsAre('a', 257, 'b'));
  EXPECT_THAT(encoding.ranges, ElementsAre(ByteRange{0, 1}, ByteRange{1, 3}, ByteRange{3, 4}));
}

TEST(TokenizerTest, TextMustBeUtf8AndTheFirstOtherByteIsNamed) {
  const absl::Status status = Golden().EncodeText("\u00e9t\xff").status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_EQ(status.message(), "is not UTF-8 from byte 3 (0xff) on");
}

TEST(TokenizerTest, AddedTokensAreFoundInTheTextAsItStands) {
  TokenizerDefinition definition = DefinitionOf({{"<", "|"}}, {"<|end|>", "<|end|><|end|>", "\u00e9t\u00e9 1"});
  definition.added_tokens[1].normalized = true;
  const Tokenizer tokenizer = TokenizerOf(definition);

  const Encoding encoding = Encode(tokenizer, "<|a<|end|><|end|>\u00e9t\u00e9 1");

  EXPECT_THAT(encoding.ids, ElementsAre(256, 'a', 257, 257, 259));
  EXPECT_EQ(encoding.ranges[4], (ByteRange{17, 24}));
  ExpectRoundTrip(tokenizer, "<|a<|end|><|end|>\u00e9t\u00e9 1");
}

TEST(TokenizerTest, SpecialTokensCanBeLeftOutOfDecodedText) {
  TokenizerDefinition definition = DefinitionOf({}, {"<|end|>", "<kept>"});
  definition.added_tokens[1].special = false;
  const Tokenizer tokenizer = TokenizerOf(definition);
  const Encoding encoding = Encode(tokenizer, "a<|end|>b<kept>");

  EXPECT_EQ(*tokenizer.Decode(encoding.ids, SpecialTokens::kLeaveOut), "ab<kept>");
  EXPECT_TRUE(tokenizer.IsSpecial(256));
  EXPECT_FALSE(tokenizer.IsSpecial(257));
}

TEST(TokenizerTest, APrefixSpaceHasNoPlaceInTheText) {
  TokenizerDefinition definition = DefinitionOf({{"\u0120", "a"}}, {"<|end|>"});
  definition.add_prefix_space = true;
  const Tokenizer tokenizer = TokenizerOf(definition);

  const Encoding encoding = Encode(tokenizer, "a a<|end|>\nb");

  EXPECT_THAT(encoding.ids, ElementsAre(256, 256, 257, ' ', '\n', 'b'));
  EXPECT_THAT(encoding.ranges, ElementsAre(ByteRange{0, 1}, ByteRange{1, 3}, ByteRange{3, 10}, ByteRange{10, 10},
                                           ByteRange{10, 11}, ByteRange{11, 12}));
  EXPECT_THAT(Encode(tokenizer, "").ids, ElementsAre());
}

TEST(TokenizerTest, WithoutSplittingAStretchIsOneWord) {
  TokenizerDefinition definition = DefinitionOf({{"a", "\u0120"}, {"a\u0120", "a"}});
  definition.split_words = false;
  EXPECT_THAT(Encode(TokenizerOf(definition), "a a").ids, ElementsAre(257));
}

TEST(TokenizerTest, TokensBeyondTheMostAreCountedOnly) {
  const Encoding encoding = Encode(TokenizerOf(DefinitionOf({})), "abcdef", {.max_tokens = 2, .ranges = false});
  EXPECT_THAT(encoding.ids, ElementsAre('a', 'b'));
  EXPECT_EQ(encoding.token_count, 6);
  EXPECT_TRUE(encoding.ranges.empty());
}

TEST(TokenizerTest, DecodingNamesAnIdThatNoTokenHas) {
  const Tokenizer tokenizer = TokenizerOf(DefinitionOf({}));
  const absl::Status status = tokenizer.Decode({65, 256}).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("ids[1] = 256"));
  EXPECT_FALSE(tokenizer.Decode({-1}).ok());
  EXPECT_EQ(tokenizer.BytesOfToken(256), nullptr);
}

TEST(TokenizerTest, AnIdBelongsToOneToken) {
  TokenizerDefinition definition = DefinitionOf({}, {"<a>", "<b>"});
  definition.added_tokens[1].id = 256;
  EXPECT_TRUE(absl::IsDataLoss(Tokenizer::Create(definition).status()));
  definition.added_tokens[1].id = 65;
  EXPECT_TRUE(absl::IsDataLoss(Tokenizer::Create(definition).status()));
  definition.added_tokens[1] = {.content = "a", .id = 300};
  EXPECT_THAT(std::string(Tokenizer::Create(definition).status().message()), HasSubstr("in the vocabulary 97"));
  definition.added_tokens[1] = {.content = "", .id = 300};
  EXPECT_TRUE(absl::IsDataLoss(Tokenizer::Create(definition).status()));
  definition.added_tokens.clear();
  definition.vocabulary.ids["x y"] = 65;
  EXPECT_TRUE(absl::IsDataLoss(Tokenizer::Create(definition).status()));
}

}  // namespace
}  // namespace attnd
