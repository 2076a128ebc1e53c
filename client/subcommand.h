// Programs whose first argument says what to do.

#ifndef CLIENT_SUBCOMMAND_H_
#define CLIENT_SUBCOMMAND_H_

#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "client/command_line.h"
#include "client/output_format.h"

namespace attnd::client {

// `Action` is what the program does once its command line has been understood.
template <typename Action>
struct Subcommand {
  absl::string_view name;
  // Checks the arguments that follow the name, and the flags, before anything is done.
  absl::StatusOr<Action> (*make_action)(absl::Span<const std::string> inputs, OutputFormat format);
  // Flags it takes beside --output.
  std::vector<absl::string_view> flags;
};

// The action that the first positional argument names, on the inputs that follow it and the flags as they are set.
//
// Errors: INVALID_ARGUMENT when the command line makes no sense.
template <typename Action>
absl::StatusOr<Action> ChooseAction(absl::Span<const Subcommand<Action>> subcommands, const CommandLine& command_line) {
  if (command_line.positional.empty()) return absl::InvalidArgumentError("no command given");
  const std::string& name = command_line.positional.front();
  const auto subcommand = absl::c_find_if(subcommands, [&](const auto& candidate) { return candidate.name == name; });
  if (subcommand == subcommands.end()) return absl::InvalidArgumentError(absl::StrCat("no command '", name, "'"));
  for (const std::string& flag : command_line.flags) {
    if (flag == "output" || absl::c_linear_search(subcommand->flags, flag)) continue;
    return absl::InvalidArgumentError(absl::StrCat(name, " takes no --", flag));
  }
  absl::StatusOr<OutputFormat> format = OutputFormatFromFlag();
  if (!format.ok()) return format.status();
  return subcommand->make_action(absl::MakeConstSpan(command_line.positional).subspan(1), *format);
}

}  // namespace attnd::client

#endif  // CLIENT_SUBCOMMAND_H_
