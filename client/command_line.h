// A command line taken apart: Abseil flags set, everything else returned.
//
// absl::ParseCommandLine exits with 1 on --help and on a bad flag alike; a usage error of ours exits with 2, help with
// 0, and neither lists the flags of the libraries linked in.

#ifndef CLIENT_COMMAND_LINE_H_
#define CLIENT_COMMAND_LINE_H_

#include <string>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace attnd::client {

struct CommandLine {
  // Whether --help or -h is among the arguments.
  bool help = false;
  // Arguments that are neither a flag nor the value of one.
  std::vector<std::string> positional;
  // Names of the flags given.
  absl::btree_set<std::string> flags;
};

// Takes --name=value, --name value, --switch and --noswitch; "--" ends the flags. `arguments` starts with the program.
//
// Errors: INVALID_ARGUMENT for a flag that does not exist, has no value or a value it cannot take.
absl::StatusOr<CommandLine> ParseCommandLine(absl::Span<char* const> arguments);

}  // namespace attnd::client

#endif  // CLIENT_COMMAND_LINE_H_
