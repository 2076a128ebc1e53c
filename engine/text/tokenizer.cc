#include "engine/text/tokenizer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/files/json.h"
#include "engine/text/byte_alphabet.h"
#include "engine/text/utf8.h"

namespace attnd {

// One text on its way to tokens. Each function takes a part of it apart further, `begin` being its place in the text.
class Tokenizer::Run {
 public:
  Run(const Tokenizer& tokenizer, const EncodeOptions& options) : tokenizer_(tokenizer), options_(options) {}

  absl::Status EncodeText(absl::string_view text) {
    return WithoutAdded(tokenizer_.first_added_, text, 0, [this](absl::string_view part, int64_t begin) {
      return WithoutAdded(tokenizer_.second_added_, part, begin,
                          [this](absl::string_view stretch, int64_t place) { return EncodeStretch(stretch, place); });
    });
  }

  Encoding TakeResult() { return std::move(result_); }

 private:
  // Takes the tokens of `added` out of `part` and hands what is between them to `encode`.
  template <typename Encode>
  absl::Status WithoutAdded(const AddedTokens& added, absl::string_view part, int64_t begin, Encode encode) {
    while (const auto match = added.Find(part)) {
      if (match->begin > 0) {
        if (absl::Status status = encode(part.substr(0, match->begin), begin); !status.ok()) return status;
      }
      const auto token_begin = begin + static_cast<int64_t>(match->begin);
      begin = token_begin + static_cast<int64_t>(match->byte_count);
      Add(match->id, token_begin, begin);
      part.remove_prefix(match->begin + match->byte_count);
    }
    return part.empty() ? absl::OkStatus() : encode(part, begin);
  }

  absl::Status EncodeStretch(absl::string_view stretch, int64_t begin) {
    stretch_begin_ = begin;
    if (!tokenizer_.add_prefix_space_ || stretch[0] == ' ') return EncodeWords(stretch, begin);
    // As if the space lay before the stretch: EncodeWord takes it out of the ranges.
    return EncodeWords(absl::StrCat(" ", stretch), begin - 1);
  }

  absl::Status EncodeWords(absl::string_view stretch, int64_t begin) {
    if (!tokenizer_.split_words_) {
      EncodeWord(stretch, begin);
      return absl::OkStatus();
    }
    while (!stretch.empty()) {
      const absl::string_view characters = stretch.substr(0, ValidUtf8Length(stretch));
      absl::Status status = tokenizer_.splitter_.Split(characters, [&](absl::string_view word) {
        EncodeWord(word, begin);
        begin += static_cast<int64_t>(word.size());
      });
      if (!status.ok()) return status;
      stretch.remove_prefix(characters.size());
      const absl::string_view others = stretch.substr(0, InvalidUtf8Length(stretch));
      EncodeWord(others, begin);
      begin += static_cast<int64_t>(others.size());
      stretch.remove_prefix(others.size());
    }
    return absl::OkStatus();
  }

  void EncodeWord(absl::string_view word, int64_t begin) {
    tokenizer_.encoder_.Encode(word, workspace_, [&](int32_t id, uint32_t byte_count) {
      Add(id, std::max(begin, stretch_begin_), begin + byte_count);
      begin += byte_count;
    });
  }

  void Add(int32_t id, int64_t begin, int64_t end) {
    if (result_.token_count++ >= options_.max_tokens) return;
    result_.ids.push_back(id);
    if (options_.ranges) {
      result_.ranges.push_back({.begin = static_cast<uint32_t>(begin), .end = static_cast<uint32_t>(end)});
    }
  }

  const Tokenizer& tokenizer_;
  const EncodeOptions& options_;
  BytePairEncoder::Workspace workspace_;
  int64_t stretch_begin_ = 0;
  Encoding result_;
};

absl::StatusOr<Tokenizer> Tokenizer::Create(const TokenizerDefinition& definition) {
  auto encoder = BytePairEncoder::Create(definition.vocabulary);
  if (!encoder.ok()) return encoder.status();
  auto splitter = WordSplitter::Create();
  if (!splitter.ok()) return splitter.status();
  Tokenizer tokenizer(*std::move(encoder), *std::move(splitter));
  tokenizer.add_prefix_space_ = definition.add_prefix_space;
  tokenizer.split_words_ = definition.split_words;
  if (absl::Status status = tokenizer.AddTokens(definition); !status.ok()) return status;
  return tokenizer;
}

absl::Status Tokenizer::AddTokens(const TokenizerDefinition& definition) {
  for (const auto& [letters, id] : definition.vocabulary.ids) {
    if (!tokens_.try_emplace(id, Token{.bytes = BytesOf(letters)}).second) {
      return absl::DataLossError(
          absl::StrCat("token ", Quote(letters), " has id ", id, ", which another token has, too"));
    }
  }
  for (const AddedToken& token : definition.added_tokens) {
    if (absl::Status status = AddAddedToken(token, definition.vocabulary); !status.ok()) return status;
  }
  for (const auto& [id, token] : tokens_) {
    longest_token_bytes_ = std::max(longest_token_bytes_, static_cast<int64_t>(token.bytes.size()));
  }
  return absl::OkStatus();
}

absl::Status Tokenizer::AddAddedToken(const AddedToken& token, const Vocabulary& vocabulary) {
  const auto wrong = [&](absl::string_view what) {
    return absl::DataLossError(absl::StrCat("added token ", Quote(token.content), " ", what));
  };
  if (token.content.empty()) return wrong("is empty");
  const auto known = vocabulary.ids.find(token.content);
  if (known == vocabulary.ids.end() ? tokens_.contains(token.id) : known->second != token.id) {
    return wrong(absl::StrCat("has id ", token.id,
                              known == vocabulary.ids.end() ? std::string(", which another token has, too")
                                                            : absl::StrCat(", in the vocabulary ", known->second)));
  }
  tokens_[token.id] = {.bytes = token.content, .special = token.special};
  (token.normalized ? second_added_ : first_added_).Add(token.content, token.id);
  return absl::OkStatus();
}

absl::StatusOr<Encoding> Tokenizer::EncodeBytes(absl::string_view bytes, const EncodeOptions& options) const {
  if (bytes.size() > std::numeric_limits<int32_t>::max()) {
    return absl::InvalidArgumentError(absl::StrCat("has ", bytes.size(), " bytes, must have less than 2^31"));
  }
  Run run(*this, options);
  if (absl::Status status = run.EncodeText(bytes); !status.ok()) return status;
  return run.TakeResult();
}

absl::StatusOr<Encoding> Tokenizer::EncodeText(absl::string_view text, const EncodeOptions& options) const {
  if (const size_t valid = ValidUtf8Length(text); valid < text.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("is not UTF-8 from byte %d (0x%02x) on", valid, static_cast<uint8_t>(text[valid])));
  }
  return EncodeBytes(text, options);
}

absl::StatusOr<std::string> Tokenizer::Decode(absl::Span<const int32_t> ids, SpecialTokens special_tokens) const {
  std::string bytes;
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto found = tokens_.find(ids[i]);
    if (found == tokens_.end()) {
      return absl::InvalidArgumentError(absl::StrFormat("ids[%d] = %d, which no token has", i, ids[i]));
    }
    if (special_tokens == SpecialTokens::kKeep || !found->second.special) bytes += found->second.bytes;
  }
  return bytes;
}

const std::string* Tokenizer::BytesOfToken(int64_t id) const {
  const auto found = tokens_.find(id);
  return found == tokens_.end() ? nullptr : &found->second.bytes;
}

bool Tokenizer::IsSpecial(int64_t id) const {
  const auto found = tokens_.find(id);
  return found != tokens_.end() && found->second.special;
}

}  // namespace attnd
