#include "client/ctl/input_flags.h"

#include <string>

#include "absl/flags/flag.h"

// Described in usage.h.
ABSL_FLAG(bool, text, false, "");
ABSL_FLAG(std::string, text_file, "", "");
ABSL_FLAG(std::string, text_lines, "", "");
ABSL_FLAG(bool, bytes, false, "");
ABSL_FLAG(bool, truncate, false, "");

namespace attnd::client {

InputSources SourcesFromFlags() {
  return {.is_text = absl::GetFlag(FLAGS_text),
          .text_file = absl::GetFlag(FLAGS_text_file),
          .text_lines = absl::GetFlag(FLAGS_text_lines),
          .is_bytes = absl::GetFlag(FLAGS_bytes)};
}

}  // namespace attnd::client
