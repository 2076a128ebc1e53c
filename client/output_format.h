// The flag --output, in the same words for every program with subcommands.

#ifndef CLIENT_OUTPUT_FORMAT_H_
#define CLIENT_OUTPUT_FORMAT_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace attnd::client {

enum class OutputFormat { kTable, kJson };

// "table" or "json". Errors: INVALID_ARGUMENT naming both.
absl::StatusOr<OutputFormat> ParseOutputFormat(absl::string_view text);

// That of the flag, once the command line is parsed.
absl::StatusOr<OutputFormat> OutputFormatFromFlag();

}  // namespace attnd::client

#endif  // CLIENT_OUTPUT_FORMAT_H_
