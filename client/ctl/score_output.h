// What `attndctl score` prints.
//
// Errors: INTERNAL when the server's reply is not well-formed.

#ifndef CLIENT_CTL_SCORE_OUTPUT_H_
#define CLIENT_CTL_SCORE_OUTPUT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "attnd/v1/inference.pb.h"
#include "client/ctl/text_output.h"

namespace attnd::client {

// For people: tokens, log-probability and perplexity of every input.
absl::StatusOr<std::string> ScoreTable(const v1::ForwardResponse& response, absl::Duration round_trip);

// For people, too: every token of every input. `texts` has one entry an input, empty where its text is not known.
absl::StatusOr<std::string> TokenScoresTable(const v1::ForwardResponse& response, absl::Span<const TokenTexts> texts);

// For programs: one JSON object with every value.
absl::StatusOr<std::string> ScoreJson(const v1::ForwardResponse& response, absl::Duration round_trip);

}  // namespace attnd::client

#endif  // CLIENT_CTL_SCORE_OUTPUT_H_
