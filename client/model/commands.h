// attnd-model's subcommands.

#ifndef CLIENT_MODEL_COMMANDS_H_
#define CLIENT_MODEL_COMMANDS_H_

#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "client/command_line.h"

namespace attnd::client {

// Does what a subcommand is for and returns what to print.
using Action = absl::AnyInvocable<absl::StatusOr<std::string>()>;

// The action that the first positional argument names, on the folders that follow it and the flags as they are set.
//
// Errors: INVALID_ARGUMENT when the command line makes no sense. Nothing has been read or written by then.
absl::StatusOr<Action> MakeAction(const CommandLine& command_line);

}  // namespace attnd::client

#endif  // CLIENT_MODEL_COMMANDS_H_
