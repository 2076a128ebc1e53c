#include "client/output_format.h"

#include <string>

#include "absl/flags/flag.h"
#include "client/choice.h"

// Described in the usage of each program.
ABSL_FLAG(std::string, output, "table", "");

namespace attnd::client {

absl::StatusOr<OutputFormat> ParseOutputFormat(absl::string_view text) {
  return Choose<OutputFormat>("output format", text, {{"table", OutputFormat::kTable}, {"json", OutputFormat::kJson}});
}

absl::StatusOr<OutputFormat> OutputFormatFromFlag() { return ParseOutputFormat(absl::GetFlag(FLAGS_output)); }

}  // namespace attnd::client
