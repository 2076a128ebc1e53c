// The flags by which attndctl's subcommands say what vectors they want: --pooling, --dimensions, --normalize and, of
// input_flags.h, --truncate.

#ifndef CLIENT_CTL_EMBED_FLAGS_H_
#define CLIENT_CTL_EMBED_FLAGS_H_

#include "absl/status/statusor.h"
#include "attnd/v1/inference.pb.h"

namespace attnd::client {

// What the flags ask for, without an input. Errors: INVALID_ARGUMENT.
absl::StatusOr<v1::EmbedRequest> EmbedRequestFromFlags();

}  // namespace attnd::client

#endif  // CLIENT_CTL_EMBED_FLAGS_H_
