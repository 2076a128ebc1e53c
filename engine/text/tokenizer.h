// Text to token ids and back, as Hugging Face's GPT-2 tokenizer does it.

#ifndef ENGINE_TEXT_TOKENIZER_H_
#define ENGINE_TEXT_TOKENIZER_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/text/added_tokens.h"
#include "engine/text/byte_pair_encoder.h"
#include "engine/text/word_splitter.h"

namespace attnd {

// A token that is found in the text as it stands, whatever is around it.
struct AddedToken {
  std::string content;  // itself, not letters of byte_alphabet.h
  int32_t id = 0;
  bool special = false;     // left out of decoded text where the caller says so
  bool normalized = false;  // looked for after those that are not
};

// What a tokenizer's files say.
struct TokenizerDefinition {
  Vocabulary vocabulary;
  std::vector<AddedToken> added_tokens;
  bool add_prefix_space = false;  // before every stretch between added tokens that begins with none
  bool split_words = true;        // else such a stretch is one word
};

// Where a token's bytes lie in the text: [begin, end).
struct ByteRange {
  uint32_t begin = 0;
  uint32_t end = 0;

  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

struct EncodeOptions {
  // Tokens kept, the first ones; the rest are only counted.
  int64_t max_tokens = std::numeric_limits<int64_t>::max();
  // Whether ranges are wanted.
  bool ranges = true;
};

struct Encoding {
  std::vector<int32_t> ids;
  // One for each id. Together they are the text. A space that the definition added before it has no place in it.
  std::vector<ByteRange> ranges;
  // Of the whole text.
  int64_t token_count = 0;
};

enum class SpecialTokens { kKeep, kLeaveOut };

// Every string of bytes has tokens, and they decode to it, but for spaces that the definition adds. In a text, words
// are found among characters; bytes that are no characters of UTF-8 are a word of their own, each run of them.
//
// Threads: any.
class Tokenizer {
 public:
  // Errors: those of BytePairEncoder and WordSplitter; DATA_LOSS when two tokens have one id.
  static absl::StatusOr<Tokenizer> Create(const TokenizerDefinition& definition);

  // Time and memory are proportional to the text, but for a factor that grows with the logarithm of its longest word:
  // up to 40 bytes a byte of that word. Errors: INVALID_ARGUMENT for 2^31 bytes or more; INTERNAL.
  absl::StatusOr<Encoding> EncodeBytes(absl::string_view bytes, const EncodeOptions& options = {}) const;
  // The same for what must be UTF-8: INVALID_ARGUMENT with the first byte that is not, counted from 0.
  absl::StatusOr<Encoding> EncodeText(absl::string_view text, const EncodeOptions& options = {}) const;

  // The bytes of all tokens one after the other. INVALID_ARGUMENT naming the first id that is no token's.
  absl::StatusOr<std::string> Decode(absl::Span<const int32_t> ids,
                                     SpecialTokens special_tokens = SpecialTokens::kKeep) const;

  // The bytes of one token; null when there is none of this id.
  const std::string* BytesOfToken(int64_t id) const;
  bool IsSpecial(int64_t id) const;

  // Of any token.
  int64_t longest_token_bytes() const { return longest_token_bytes_; }
  // How many tokens there are, added ones too.
  int64_t token_count() const { return static_cast<int64_t>(tokens_.size()); }

 private:
  struct Token {
    std::string bytes;
    bool special = false;
  };
  class Run;

  Tokenizer(BytePairEncoder encoder, WordSplitter splitter)
      : encoder_(std::move(encoder)), splitter_(std::move(splitter)) {}

  absl::Status AddTokens(const TokenizerDefinition& definition);
  absl::Status AddAddedToken(const AddedToken& token, const Vocabulary& vocabulary);

  BytePairEncoder encoder_;
  WordSplitter splitter_;
  bool add_prefix_space_ = false;
  bool split_words_ = true;
  AddedTokens first_added_;                     // not normalized
  AddedTokens second_added_;                    // looked for in what the first leave
  absl::flat_hash_map<int64_t, Token> tokens_;  // by id
  int64_t longest_token_bytes_ = 0;
};

}  // namespace attnd

#endif  // ENGINE_TEXT_TOKENIZER_H_
