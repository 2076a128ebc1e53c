#include "tests/engine/text/vocabularies.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "engine/text/byte_alphabet.h"

namespace attnd {

Vocabulary VocabularyOf(std::initializer_list<std::pair<absl::string_view, absl::string_view>> merges) {
  Vocabulary vocabulary;
  for (int byte = 0; byte < 256; ++byte) vocabulary.ids[LetterOf(static_cast<uint8_t>(byte))] = byte;
  for (const auto& [left, right] : merges) {
    vocabulary.ids.try_emplace(absl::StrCat(left, right), static_cast<int32_t>(vocabulary.ids.size()));
    vocabulary.merges.emplace_back(left, right);
  }
  return vocabulary;
}

TokenizerDefinition DefinitionOf(std::initializer_list<std::pair<absl::string_view, absl::string_view>> merges,
                                 std::initializer_list<absl::string_view> added_tokens) {
  TokenizerDefinition definition{.vocabulary = VocabularyOf(merges)};
  auto id = static_cast<int32_t>(definition.vocabulary.ids.size());
  for (const absl::string_view token : added_tokens) {
    definition.added_tokens.push_back({.content = std::string(token), .id = id++, .special = true});
  }
  return definition;
}

nlohmann::json TokenizerJson(const TokenizerDefinition& definition) {
  nlohmann::json json = {
      {"version", "1.0"},
      {"truncation", nullptr},
      {"padding", nullptr},
      {"added_tokens", nlohmann::json::array()},
      {"normalizer", nullptr},
      {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}}},
      {"post_processor", {{"type", "ByteLevel"}, {"add_prefix_space", true}, {"trim_offsets", false}}},
      {"decoder", {{"type", "ByteLevel"}, {"add_prefix_space", true}, {"trim_offsets", true}}},
      {"model", {{"dropout", nullptr}, {"unk_token", nullptr}, {"merges", nlohmann::json::array()}}},
  };
  for (const auto& [token, id] : definition.vocabulary.ids) json["model"]["vocab"][token] = id;
  for (const auto& [left, right] : definition.vocabulary.merges) {
    json["model"]["merges"].push_back(absl::StrCat(left, " ", right));
  }
  for (const AddedToken& token : definition.added_tokens) {
    json["added_tokens"].push_back({{"id", token.id},
                                    {"content", token.content},
                                    {"single_word", false},
                                    {"lstrip", false},
                                    {"rstrip", false},
                                    {"normalized", token.normalized},
                                    {"special", token.special}});
  }
  return json;
}

}  // namespace attnd
