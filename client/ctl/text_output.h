// What `attndctl tokenize` and `attndctl detokenize` print, and the texts of tokens.
//
// Errors: INTERNAL when the server's reply is not well-formed.

#ifndef CLIENT_CTL_TEXT_OUTPUT_H_
#define CLIENT_CTL_TEXT_OUTPUT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "attnd/v1/inference.pb.h"

namespace attnd::client {

// What each token of a text stands for, in quotes, and escaped as in C where it does not print.
using TokenTexts = std::vector<std::string>;

// Those of `text`, which was tokenized, and those of ids that were detokenized.
absl::StatusOr<TokenTexts> SplitText(absl::string_view text, const v1::TokenizeResponse& response);
absl::StatusOr<TokenTexts> SplitText(const v1::DetokenizeResponse& response);

// For people: every token, where it lies, and its part of `text`, which was tokenized.
absl::StatusOr<std::string> TokensTable(absl::string_view text, const v1::TokenizeResponse& response);

// For programs: one JSON object a text.
absl::StatusOr<std::string> TokensJson(const v1::TokenizeResponse& response);

// The text itself, and nothing else.
std::string TextOf(const v1::DetokenizeResponse& response);

// One JSON object; bytes that are no UTF-8 in hexadecimal digits.
std::string TextJson(const v1::DetokenizeResponse& response);

}  // namespace attnd::client

#endif  // CLIENT_CTL_TEXT_OUTPUT_H_
