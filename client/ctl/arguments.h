// attndctl's arguments as the protocol's values.
//
// Errors: INVALID_ARGUMENT naming the text that cannot be understood and what can be.

#ifndef CLIENT_CTL_ARGUMENTS_H_
#define CLIENT_CTL_ARGUMENTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "attnd/v1/inference.pb.h"

namespace attnd::client {

// Positions of an input, and which where they are POSITIONS_LISTED.
struct PositionChoice {
  v1::Positions positions = v1::POSITIONS_UNSPECIFIED;
  std::vector<uint32_t> listed;
};

// "last", "all", or positions with commas between: "0,5,9". `kind` says what they are for.
absl::StatusOr<PositionChoice> ParsePositions(absl::string_view kind, absl::string_view text);

// "none", or as ParsePositions has it.
absl::StatusOr<PositionChoice> ParseLogits(absl::string_view text);

// "last", "mean" or "weighted_mean".
absl::StatusOr<v1::Pooling> ParsePooling(absl::string_view text);

// One input of comma-separated token ids: "15496,995".
absl::StatusOr<v1::Input> ParseTokenIds(absl::string_view text);
absl::StatusOr<std::vector<v1::Input>> ParseInputs(absl::Span<const std::string> texts);

// One input of hidden states, from the bytes of [T, C] little-endian float32 values. `channel_count` is C.
absl::StatusOr<v1::Input> ParseHiddenStates(absl::string_view bytes, int64_t channel_count);

}  // namespace attnd::client

#endif  // CLIENT_CTL_ARGUMENTS_H_
