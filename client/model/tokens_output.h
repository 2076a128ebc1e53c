// What `attnd-model tokenize` prints.

#ifndef CLIENT_MODEL_TOKENS_OUTPUT_H_
#define CLIENT_MODEL_TOKENS_OUTPUT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/text/tokenizer.h"

namespace attnd::client {

// A text and its tokens.
struct TokenizedText {
  std::string text;
  Encoding encoding;
};

// For people: every token with its place and its bytes, and the ids in one line as attndctl takes them.
std::string TokensTable(absl::Span<const TokenizedText> texts);

// For programs: one JSON object with ids and ranges in bytes.
std::string TokensJson(absl::Span<const TokenizedText> texts);

}  // namespace attnd::client

#endif  // CLIENT_MODEL_TOKENS_OUTPUT_H_
