// How attndctl prints the likeliest next tokens of a reply.
//
// Errors: INTERNAL when the server's reply is not well-formed.

#ifndef CLIENT_CTL_TOP_TOKENS_OUTPUT_H_
#define CLIENT_CTL_TOP_TOKENS_OUTPUT_H_

#include <cstdint>
#include <string>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "attnd/v1/inference.pb.h"
#include "nlohmann/json.hpp"

namespace attnd::client {

// What ids stand for, as TokenTexts has it.
using TextById = absl::btree_map<uint32_t, std::string>;

// Asks for the text of every likely token of the reply with an id below `token_count`, those that a tokenizer has, each
// once, in ascending order.
v1::DetokenizeRequest DetokenizeRequestFor(const v1::ForwardResponse& response, uint32_t token_count);
// The answer to it.
absl::StatusOr<TextById> ReadTexts(const v1::DetokenizeRequest& request, const v1::DetokenizeResponse& response);

// For people: a table for each position of each input. An id without a text has none in it.
absl::StatusOr<std::string> TopTokensTables(const v1::ForwardResponse& response, const TextById& texts);

// For programs: an object for each position of an input.
absl::StatusOr<nlohmann::ordered_json> TopTokensJson(const v1::ForwardResult& result);

}  // namespace attnd::client

#endif  // CLIENT_CTL_TOP_TOKENS_OUTPUT_H_
