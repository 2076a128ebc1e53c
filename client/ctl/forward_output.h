// What `attndctl forward` prints.
//
// Errors: INTERNAL when the server's reply is not well-formed.

#ifndef CLIENT_CTL_FORWARD_OUTPUT_H_
#define CLIENT_CTL_FORWARD_OUTPUT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "attnd/v1/inference.pb.h"
#include "client/ctl/top_tokens_output.h"

namespace attnd::client {

// For people: shapes, norms, first values, the likeliest next tokens and what is known of their texts, timing.
absl::StatusOr<std::string> ForwardTable(const v1::ForwardResponse& response, const TextById& texts,
                                         absl::Duration round_trip);

// For programs: one JSON object with every value.
absl::StatusOr<std::string> ForwardJson(const v1::ForwardResponse& response, absl::Duration round_trip);

}  // namespace attnd::client

#endif  // CLIENT_CTL_FORWARD_OUTPUT_H_
