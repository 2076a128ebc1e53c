#include "engine/text/tokenizer_json.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/text/vocabularies.h"

namespace attnd {
namespace {

using testing::HasSubstr;
using Json = nlohmann::json;

Json GoodJson() { return TokenizerJson(DefinitionOf({{"a", "b"}}, {"<|end|>"})); }

void ExpectRefused(const Json& json, absl::StatusCode code, const char* text) {
  const absl::Status status = ParseTokenizerJson(json.dump(), "/a/tokenizer.json").status();
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(absl::StrCat("/a/tokenizer.json: ", text)));
}

TEST(ParseTokenizerJsonTest, GivesWhatTheFileSays) {
  Json json = GoodJson();
  json["pre_tokenizer"]["add_prefix_space"] = true;
  json["pre_tokenizer"]["use_regex"] = false;
  json["truncation"] = {{"max_length", 7}};
  json["model"]["type"] = "BPE";

  const auto definition = ParseTokenizerJson(json.dump(), "it");

  ASSERT_TRUE(definition.ok()) << definition.status();
  EXPECT_EQ(definition->vocabulary.ids.size(), 257U);
  EXPECT_EQ(definition->vocabulary.merges, VocabularyOf({{"a", "b"}}).merges);
  ASSERT_EQ(definition->added_tokens.size(), 1U);
  EXPECT_EQ(definition->added_tokens[0].content, "<|end|>");
  EXPECT_EQ(definition->added_tokens[0].id, 257);
  EXPECT_TRUE(definition->added_tokens[0].special);
  EXPECT_TRUE(definition->add_prefix_space);
  EXPECT_FALSE(definition->split_words);
}

TEST(ParseTokenizerJsonTest, MergesMayBeListsOfTwo) {
  Json json = GoodJson();
  json["model"]["merges"] = Json::array({Json::array({"a", "b"})});
  const auto definition = ParseTokenizerJson(json.dump(), "it");
  ASSERT_TRUE(definition.ok()) << definition.status();
  EXPECT_EQ(definition->vocabulary.merges, VocabularyOf({{"a", "b"}}).merges);
}

TEST(ParseTokenizerJsonTest, WhatIsNotDoneHereIsRefusedByItsKey) {
  const auto expect_unsupported = [](const char* pointer, const Json& value, const char* text) {
    Json json = GoodJson();
    json[Json::json_pointer(pointer)] = value;
    ExpectRefused(json, absl::StatusCode::kUnimplemented, text);
  };
  expect_unsupported("/model/type", "WordPiece", "model.type = \"WordPiece\" is not supported, \"BPE\" is");
  expect_unsupported("/model/dropout", 0.1, "model.dropout = 0.1");
  expect_unsupported("/model/continuing_subword_prefix", "##", "model.continuing_subword_prefix");
  expect_unsupported("/model/end_of_word_suffix", "</w>", "model.end_of_word_suffix");
  expect_unsupported("/model/byte_fallback", true, "model.byte_fallback = true");
  expect_unsupported("/model/ignore_merges", true, "model.ignore_merges = true");
  expect_unsupported("/normalizer", {{"type", "NFC"}}, "normalizer = {\"type\":\"NFC\"}");
  expect_unsupported("/pre_tokenizer", {{"type", "Whitespace"}}, "pre_tokenizer = ");
  expect_unsupported("/pre_tokenizer", nullptr, "pre_tokenizer = null");
  expect_unsupported("/decoder", {{"type", "WordPiece"}}, "decoder = ");
  expect_unsupported("/post_processor", {{"type", "TemplateProcessing"}}, "post_processor = ");
  expect_unsupported("/added_tokens/0/lstrip", true, "added_tokens[0].lstrip = true");
  expect_unsupported("/added_tokens/0/rstrip", true, "added_tokens[0].rstrip = true");
  expect_unsupported("/added_tokens/0/single_word", true, "added_tokens[0].single_word = true");
}

TEST(ParseTokenizerJsonTest, WhatNoTokenizerIsIsRefusedByItsKey) {
  const auto expect_broken = [](const char* pointer, const Json& value, const char* text) {
    Json json = GoodJson();
    json[Json::json_pointer(pointer)] = value;
    ExpectRefused(json, absl::StatusCode::kDataLoss, text);
  };
  expect_broken("/model", nullptr, "model is absent");
  expect_broken("/model", 3, "model = 3, must be an object");
  expect_broken("/model/vocab", Json::array({1}), "model.vocab = [1], must be an object of tokens");
  expect_broken("/model/vocab/a", "x", "model.vocab[\"a\"] = \"x\", must be an integer in [0, 2^31)");
  expect_broken("/model/vocab/a", -1, "model.vocab[\"a\"] = -1");
  expect_broken("/model/vocab/a", 1.5, "model.vocab[\"a\"] = 1.5");
  expect_broken("/model/vocab/a", 2147483648, "model.vocab[\"a\"] = 2147483648");
  expect_broken("/model/merges", {{"a", "b"}}, "model.merges = {\"a\":\"b\"}, must be a list");
  expect_broken("/model/merges/0", "ab", "model.merges[0] = \"ab\", must be two tokens");
  expect_broken("/model/merges/0", "a b c", "model.merges[0] = ");
  expect_broken("/model/merges/0", Json::array({"a", 1}), "model.merges[0] = ");
  expect_broken("/model/merges/0", Json::array({"a", "b", "c"}), "model.merges[0] = ");
  expect_broken("/model/byte_fallback", "no", "model.byte_fallback = \"no\", must be true or false");
  expect_broken("/pre_tokenizer/add_prefix_space", 1, "pre_tokenizer.add_prefix_space = 1");
  expect_broken("/added_tokens", 1, "added_tokens = 1, must be a list");
  expect_broken("/added_tokens/0/content", std::string(257, 'x'), "added_tokens[0].content = \"xxx");
  expect_broken("/added_tokens/0", "x", "added_tokens[0] = \"x\", must be an object");
  expect_broken("/added_tokens/0/id", nullptr, "added_tokens[0] = ");
  expect_broken("/added_tokens/0/id", 1ULL << 40, "added_tokens[0].id = 1099511627776");
  expect_broken("/added_tokens/0/content", 1, "added_tokens[0].content = 1");
}

TEST(ParseTokenizerJsonTest, DeepNestingAndDuplicateTokensAreNoJsonObject) {
  const std::string deep = absl::StrCat(R"({"model": )", std::string(100'000, '['), std::string(100'000, ']'), "}");
  EXPECT_TRUE(absl::IsDataLoss(ParseTokenizerJson(deep, "it").status()));
  EXPECT_THAT(std::string(ParseTokenizerJson(R"({"model": {"vocab": {"a": 1, "a": 2}}})", "it").status().message()),
              HasSubstr("key \"a\" appears twice"));
  EXPECT_TRUE(absl::IsDataLoss(ParseTokenizerJson("", "it").status()));
}

TEST(ParseTokenizerJsonTest, NoBeginningOfAFileIsTakenForATokenizer) {
  const std::string text = GoodJson().dump();
  for (size_t length = 0; length < text.size(); length += 7) {
    EXPECT_FALSE(ParseTokenizerJson(absl::string_view(text).substr(0, length), "it").ok());
  }
}

TEST(ParseVocabularyAndMergesTest, ReadsLinesUnderAVersion) {
  const auto definition = ParseVocabularyAndMerges(R"({"a": 0, "b": 1, "ab": 2, "<|endoftext|>": 3})", "vocab.json",
                                                   "#version: 0.2\na b\r\n\n", "merges.txt");
  ASSERT_TRUE(definition.ok()) << definition.status();
  EXPECT_EQ(definition->vocabulary.ids.size(), 4U);
  EXPECT_EQ(definition->vocabulary.merges, VocabularyOf({{"a", "b"}}).merges);
  ASSERT_EQ(definition->added_tokens.size(), 1U);
  EXPECT_EQ(definition->added_tokens[0].id, 3);
}

TEST(ParseVocabularyAndMergesTest, ErrorsNameTheFileAndTheLine) {
  const auto message = [](const char* vocabulary, const char* merges) {
    const absl::Status status = ParseVocabularyAndMerges(vocabulary, "/a/vocab.json", merges, "/a/merges.txt").status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    return std::string(status.message());
  };
  EXPECT_THAT(message(R"({"a": "b"})", "a b\n"), HasSubstr("/a/vocab.json: vocabulary[\"a\"] = \"b\""));
  EXPECT_THAT(message("[]", "a b\n"), HasSubstr("/a/vocab.json: not a JSON object"));
  EXPECT_THAT(message("{}", "#version: 0.2\nab\n"), HasSubstr("/a/merges.txt: line 2 = \"ab\", must be two tokens"));
  EXPECT_THAT(message("{}", "a b\n\nc d\n"), HasSubstr("/a/merges.txt: line 2 = \"\""));
}

}  // namespace
}  // namespace attnd
