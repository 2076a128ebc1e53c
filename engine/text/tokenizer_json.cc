#include "engine/text/tokenizer_json.h"

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "engine/files/json.h"
#include "nlohmann/json.hpp"

namespace attnd {
namespace {

using Json = nlohmann::json;

constexpr char kEndOfText[] = "<|endoftext|>";
// A vocabulary of 250,000 tokens takes a million: a value a token, three a merge.
constexpr int64_t kMaxValues = int64_t{1} << 21;
// Looking for added tokens takes as many steps at every byte of a text as they may have bytes.
constexpr size_t kMaxAddedTokenBytes = 256;

// Part of a file, and the path of keys that leads to it.
struct Place {
  const Json& json;
  std::string path;

  bool IsAbsent(const char* key) const { return !json.contains(key) || json[key].is_null(); }
  Place At(const char* key) const { return {json[key], absl::StrCat(path, path.empty() ? "" : ".", key)}; }
  Place At(size_t index) const { return {json[index], absl::StrFormat("%s[%d]", path, index)}; }
};

absl::Status Wrong(const Place& place, absl::string_view expected) {
  return absl::DataLossError(absl::StrCat(place.path, " = ", Quote(place.json), ", must be ", expected));
}

absl::Status Unsupported(const Place& place, absl::string_view supported) {
  return absl::UnimplementedError(
      absl::StrCat(place.path, " = ", Quote(place.json), " is not supported, ", supported, " is"));
}

absl::StatusOr<int32_t> ParseId(const Place& place) {
  constexpr int64_t kEnd = int64_t{std::numeric_limits<int32_t>::max()} + 1;
  const Json& json = place.json;
  if (!json.is_number_unsigned() || json.get<uint64_t>() >= uint64_t{kEnd}) {
    return Wrong(place, "an integer in [0, 2^31)");
  }
  return json.get<int32_t>();
}

absl::StatusOr<bool> ParseFlag(const Place& parent, const char* key, bool absent) {
  if (parent.IsAbsent(key)) return absent;
  const Place place = parent.At(key);
  if (!place.json.is_boolean()) return Wrong(place, "true or false");
  return place.json.get<bool>();
}

// That `key` is absent, null or false.
absl::Status CheckFalse(const Place& parent, const char* key) {
  const auto flag = ParseFlag(parent, key, false);
  if (!flag.ok()) return flag.status();
  return *flag ? Unsupported(parent.At(key), "false") : absl::OkStatus();
}

absl::Status ParseVocabulary(const Place& place, Vocabulary& vocabulary) {
  if (!place.json.is_object()) return Wrong(place, "an object of tokens and their ids");
  for (const auto& [token, id] : place.json.items()) {
    const auto parsed = ParseId({id, absl::StrCat(place.path, "[", Quote(token), "]")});
    if (!parsed.ok()) return parsed.status();
    vocabulary.ids.emplace(token, *parsed);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::pair<std::string, std::string>> SplitMerge(absl::string_view line) {
  const std::vector<absl::string_view> parts = absl::StrSplit(line, ' ');
  if (parts.size() == 2) return std::pair(std::string(parts[0]), std::string(parts[1]));
  return absl::DataLossError("two tokens with a space between");
}

// "left right", or ["left", "right"].
absl::StatusOr<std::pair<std::string, std::string>> ParseMerge(const Place& place) {
  const Json& json = place.json;
  if (json.is_string()) {
    auto merge = SplitMerge(json.get_ref<const std::string&>());
    return merge.ok() ? merge : Wrong(place, merge.status().message());
  }
  if (json.is_array() && json.size() == 2 && json[0].is_string() && json[1].is_string()) {
    return std::pair(json[0].get<std::string>(), json[1].get<std::string>());
  }
  return Wrong(place, "two tokens");
}

absl::Status ParseMerges(const Place& place, Vocabulary& vocabulary) {
  if (!place.json.is_array()) return Wrong(place, "a list of merges");
  for (size_t i = 0; i < place.json.size(); ++i) {
    auto merge = ParseMerge(place.At(i));
    if (!merge.ok()) return merge.status();
    vocabulary.merges.push_back(*std::move(merge));
  }
  return absl::OkStatus();
}

// unk_token and fuse_unk are about characters without a token; every byte has one.
absl::Status CheckModel(const Place& model) {
  if (!model.json.is_object()) return Wrong(model, "an object");
  if (!model.IsAbsent("type") && model.json["type"] != "BPE") return Unsupported(model.At("type"), "\"BPE\"");
  if (!model.IsAbsent("dropout") && model.json["dropout"] != 0) return Unsupported(model.At("dropout"), "null");
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!model.IsAbsent(key) && model.json[key] != "") return Unsupported(model.At(key), "null");
  }
  for (const char* key : {"byte_fallback", "ignore_merges"}) {
    if (absl::Status status = CheckFalse(model, key); !status.ok()) return status;
  }
  for (const char* key : {"vocab", "merges"}) {
    if (!model.json.contains(key)) return absl::DataLossError(absl::StrCat(model.path, ".", key, " is absent"));
  }
  return absl::OkStatus();
}

bool IsByteLevel(const Place& root, const char* key) {
  return !root.IsAbsent(key) && root.json[key].is_object() && root.json[key].value("type", Json()) == "ByteLevel";
}

absl::Status CheckPipeline(const Place& root) {
  if (!root.IsAbsent("normalizer")) return Unsupported(root.At("normalizer"), "null");
  for (const char* key : {"pre_tokenizer", "decoder"}) {
    if (IsByteLevel(root, key)) continue;
    static const Json kNull;
    return Unsupported(root.json.contains(key) ? root.At(key) : Place{kNull, key}, "one of type \"ByteLevel\"");
  }
  // One of this type does nothing but move offsets.
  if (!root.IsAbsent("post_processor") && !IsByteLevel(root, "post_processor")) {
    return Unsupported(root.At("post_processor"), "null, or one of type \"ByteLevel\",");
  }
  return absl::OkStatus();
}

absl::StatusOr<AddedToken> ParseAddedToken(const Place& place) {
  if (!place.json.is_object()) return Wrong(place, "an object");
  AddedToken token;
  if (place.IsAbsent("id") || place.IsAbsent("content")) return Wrong(place, "an object with id and content");
  const auto id = ParseId(place.At("id"));
  if (!id.ok()) return id.status();
  token.id = *id;
  if (!place.json["content"].is_string()) return Wrong(place.At("content"), "a string");
  token.content = place.json["content"].get<std::string>();
  if (token.content.size() > kMaxAddedTokenBytes) {
    return Wrong(place.At("content"), absl::StrCat("at most ", kMaxAddedTokenBytes, " bytes long"));
  }
  for (const char* key : {"single_word", "lstrip", "rstrip"}) {
    if (absl::Status status = CheckFalse(place, key); !status.ok()) return status;
  }
  const auto special = ParseFlag(place, "special", false);
  if (!special.ok()) return special.status();
  token.special = *special;
  const auto normalized = ParseFlag(place, "normalized", !token.special);
  if (!normalized.ok()) return normalized.status();
  token.normalized = *normalized;
  return token;
}

absl::Status ParseAddedTokens(const Place& root, TokenizerDefinition& definition) {
  if (root.IsAbsent("added_tokens")) return absl::OkStatus();
  const Place place = root.At("added_tokens");
  if (!place.json.is_array()) return Wrong(place, "a list of tokens");
  for (size_t i = 0; i < place.json.size(); ++i) {
    auto token = ParseAddedToken(place.At(i));
    if (!token.ok()) return token.status();
    definition.added_tokens.push_back(*std::move(token));
  }
  return absl::OkStatus();
}

absl::StatusOr<TokenizerDefinition> ParseRoot(const Place& root) {
  if (root.IsAbsent("model")) return absl::DataLossError("model is absent");
  if (absl::Status status = CheckModel(root.At("model")); !status.ok()) return status;
  if (absl::Status status = CheckPipeline(root); !status.ok()) return status;
  TokenizerDefinition definition;
  const Place pre_tokenizer = root.At("pre_tokenizer");
  const auto add_prefix_space = ParseFlag(pre_tokenizer, "add_prefix_space", true);
  if (!add_prefix_space.ok()) return add_prefix_space.status();
  definition.add_prefix_space = *add_prefix_space;
  const auto split_words = ParseFlag(pre_tokenizer, "use_regex", true);
  if (!split_words.ok()) return split_words.status();
  definition.split_words = *split_words;
  const Place model = root.At("model");
  if (absl::Status status = ParseVocabulary(model.At("vocab"), definition.vocabulary); !status.ok()) return status;
  if (absl::Status status = ParseMerges(model.At("merges"), definition.vocabulary); !status.ok()) return status;
  if (absl::Status status = ParseAddedTokens(root, definition); !status.ok()) return status;
  return definition;
}

absl::Status Prefixed(absl::string_view what, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(what, ": ", status.message()));
}

// Lines as Hugging Face's reader has them: a version at the top, or anywhere, is none of them.
absl::Status ParseMergeLines(absl::string_view text, absl::string_view what, Vocabulary& vocabulary) {
  std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  while (!lines.empty() && absl::StripTrailingAsciiWhitespace(lines.back()).empty()) lines.pop_back();
  for (size_t i = 0; i < lines.size(); ++i) {
    if (absl::StartsWith(lines[i], "#version")) continue;
    auto merge = SplitMerge(absl::StripSuffix(lines[i], "\r"));
    if (!merge.ok()) {
      return absl::DataLossError(
          absl::StrFormat("%s: line %d = %s, must be %s", what, i + 1, Quote(lines[i]), merge.status().message()));
    }
    vocabulary.merges.push_back(*std::move(merge));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TokenizerDefinition> ParseTokenizerJson(absl::string_view text, absl::string_view what) {
  const auto json = ParseJsonObject(text, what, kMaxValues);
  if (!json.ok()) return json.status();
  auto definition = ParseRoot({*json, ""});
  return definition.ok() ? definition : Prefixed(what, definition.status());
}

absl::StatusOr<TokenizerDefinition> ParseVocabularyAndMerges(absl::string_view vocabulary,
                                                             absl::string_view vocabulary_name,
                                                             absl::string_view merges, absl::string_view merges_name) {
  const auto json = ParseJsonObject(vocabulary, vocabulary_name, kMaxValues);
  if (!json.ok()) return json.status();
  TokenizerDefinition definition;
  absl::Status status = ParseVocabulary({*json, "vocabulary"}, definition.vocabulary);
  if (!status.ok()) return Prefixed(vocabulary_name, status);
  if (status = ParseMergeLines(merges, merges_name, definition.vocabulary); !status.ok()) return status;
  const auto end = definition.vocabulary.ids.find(kEndOfText);
  if (end != definition.vocabulary.ids.end()) {
    definition.added_tokens.push_back({.content = kEndOfText, .id = end->second, .special = true});
  }
  return definition;
}

absl::Status CheckAddedTokens(absl::string_view text, absl::string_view what, const Vocabulary& vocabulary) {
  const auto json = ParseJsonObject(text, what, kMaxValues);
  if (!json.ok()) return json.status();
  for (const auto& [token, id] : json->items()) {
    const auto known = vocabulary.ids.find(token);
    if (known != vocabulary.ids.end() && id == known->second) continue;
    return absl::UnimplementedError(
        absl::StrCat(what, ": ", Quote(token), " with id ", Quote(id),
                     " is not in the vocabulary, which is not supported; save the tokenizer "
                     "as tokenizer.json, as Hugging Face's fast tokenizers do"));
  }
  return absl::OkStatus();
}

}  // namespace attnd
