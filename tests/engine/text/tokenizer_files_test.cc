#include "engine/text/tokenizer_files.h"

#include <string>

#include "absl/status/status.h"
#include "engine/text/byte_alphabet.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/files/temporary_folder.h"
#include "tests/engine/text/vocabularies.h"

namespace attnd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string VocabularyJson(const Vocabulary& vocabulary) { return nlohmann::json(vocabulary.ids).dump(); }

TEST(LoadTokenizerTest, BothFormsOfAFolderGiveTheSameTokens) {
  const TokenizerDefinition definition = DefinitionOf({{"a", "b"}}, {"<|endoftext|>"});
  const TemporaryFolder newer;
  newer.Write("tokenizer.json", TokenizerJson(definition).dump());
  const TemporaryFolder older;
  nlohmann::json vocabulary(definition.vocabulary.ids);
  vocabulary["<|endoftext|>"] = definition.added_tokens[0].id;
  older.Write("vocab.json", vocabulary.dump());
  older.Write("merges.txt", "#version: 0.2\na b\n");

  for (const TemporaryFolder* folder : {&newer, &older}) {
    const auto tokenizer = LoadTokenizer(folder->path());
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
    EXPECT_THAT(tokenizer->EncodeText("aab<|endoftext|>")->ids, ElementsAre('a', 256, 257));
    EXPECT_EQ(tokenizer->token_count(), 258);
    EXPECT_EQ(tokenizer->longest_token_bytes(), 13);
  }
}

TEST(LoadTokenizerTest, TokenizerJsonGoesBeforeTheOlderForm) {
  const TemporaryFolder folder;
  folder.Write("tokenizer.json", "{}");
  folder.Write("vocab.json", VocabularyJson(VocabularyOf({})));
  folder.Write("merges.txt", "\n");
  EXPECT_TRUE(absl::IsDataLoss(LoadTokenizer(folder.path()).status()));
}

TEST(LoadTokenizerTest, MissingFilesAreNamed) {
  const TemporaryFolder folder;
  const absl::Status nothing = LoadTokenizer(folder.path()).status();
  EXPECT_TRUE(absl::IsNotFound(nothing)) << nothing;
  EXPECT_THAT(std::string(nothing.message()), HasSubstr("has no tokenizer.json and no vocab.json and no merges.txt"));
  folder.Write("vocab.json", VocabularyJson(VocabularyOf({})));
  EXPECT_THAT(std::string(LoadTokenizer(folder.path()).status().message()),
              HasSubstr("has no tokenizer.json and no merges.txt"));
}

TEST(LoadTokenizerTest, ErrorsBeginWithThePathOfTheFile) {
  const TemporaryFolder folder;
  TokenizerDefinition definition = DefinitionOf({{"a", "b"}});
  definition.vocabulary.ids.erase("ab");
  const std::string path = folder.Write("tokenizer.json", TokenizerJson(definition).dump());
  const absl::Status status = LoadTokenizer(folder.path()).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), testing::StartsWith(path + ": merge 0, "));
}

TEST(LoadTokenizerTest, AddedTokensBesideTheOlderFormMustBeInItsVocabulary) {
  const TemporaryFolder folder;
  folder.Write("vocab.json", VocabularyJson(VocabularyOf({})));
  folder.Write("merges.txt", "\n");
  folder.Write("added_tokens.json", R"({"a": 97})");
  EXPECT_TRUE(LoadTokenizer(folder.path()).ok());
  for (const char* text : {R"({"<pad>": 257})", R"({"a": 98})", R"({"a": "97"})"}) {
    const std::string path = folder.Write("added_tokens.json", text);
    const absl::Status status = LoadTokenizer(folder.path()).status();
    EXPECT_TRUE(absl::IsUnimplemented(status)) << text << ": " << status;
    EXPECT_THAT(std::string(status.message()), testing::StartsWith(path + ": \""));
  }
  folder.Write("added_tokens.json", "[]");
  EXPECT_TRUE(absl::IsDataLoss(LoadTokenizer(folder.path()).status()));
}

TEST(LoadTokenizerTest, AFileBeyondTheLimitIsNotRead) {
  const TemporaryFolder folder;
  folder.Write("tokenizer.json", std::string((32 << 20) + 1, ' '));
  EXPECT_THAT(std::string(LoadTokenizer(folder.path()).status().message()), HasSubstr("must have at most 33554432"));
}

}  // namespace
}  // namespace attnd
