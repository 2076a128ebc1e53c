#include "engine/text/tokenizer_files.h"

#include <filesystem>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/files/input_file.h"
#include "engine/text/tokenizer_json.h"

namespace attnd {
namespace {

constexpr char kTokenizerName[] = "tokenizer.json";
constexpr char kVocabularyName[] = "vocab.json";
constexpr char kMergesName[] = "merges.txt";
constexpr char kAddedTokensName[] = "added_tokens.json";

absl::StatusOr<TokenizerDefinition> ReadOlderForm(const std::filesystem::path& folder) {
  const std::string vocabulary_path = folder / kVocabularyName;
  const std::string merges_path = folder / kMergesName;
  const auto vocabulary = ReadWholeFile(vocabulary_path, kMaxTokenizerBytes);
  const auto merges = ReadWholeFile(merges_path, kMaxTokenizerBytes);
  std::vector<const char*> missing;
  if (absl::IsNotFound(vocabulary.status())) missing.push_back(kVocabularyName);
  if (absl::IsNotFound(merges.status())) missing.push_back(kMergesName);
  if (!missing.empty()) {
    return absl::NotFoundError(
        absl::StrCat(folder.string(), ": has no ", kTokenizerName, " and no ", absl::StrJoin(missing, " and no ")));
  }
  if (!vocabulary.ok()) return vocabulary.status();
  if (!merges.ok()) return merges.status();
  auto definition = ParseVocabularyAndMerges(*vocabulary, vocabulary_path, *merges, merges_path);
  if (!definition.ok()) return definition;
  const std::string added_path = folder / kAddedTokensName;
  const auto added = ReadWholeFile(added_path, kMaxTokenizerBytes);
  if (absl::IsNotFound(added.status())) return definition;
  if (!added.ok()) return added.status();
  absl::Status status = CheckAddedTokens(*added, added_path, definition->vocabulary);
  if (!status.ok()) return status;
  return definition;
}

absl::StatusOr<Tokenizer> Create(const absl::StatusOr<TokenizerDefinition>& definition, const std::string& path) {
  if (!definition.ok()) return definition.status();
  auto tokenizer = Tokenizer::Create(*definition);
  if (tokenizer.ok()) return tokenizer;
  return absl::Status(tokenizer.status().code(), absl::StrCat(path, ": ", tokenizer.status().message()));
}

}  // namespace

absl::StatusOr<Tokenizer> LoadTokenizer(const std::string& folder) {
  const std::filesystem::path directory(folder);
  const std::string path = directory / kTokenizerName;
  const auto file = ReadWholeFile(path, kMaxTokenizerBytes);
  if (file.ok()) return Create(ParseTokenizerJson(*file, path), path);
  if (!absl::IsNotFound(file.status())) return file.status();
  return Create(ReadOlderForm(directory), folder);
}

}  // namespace attnd
