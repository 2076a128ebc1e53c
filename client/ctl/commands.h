// attndctl's subcommands.

#ifndef CLIENT_CTL_COMMANDS_H_
#define CLIENT_CTL_COMMANDS_H_

#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "client/client.h"
#include "client/command_line.h"

namespace attnd::client {

// Makes the calls of a subcommand and returns what to print. Some make none.
using Action = absl::AnyInvocable<absl::StatusOr<std::string>(Client&)>;

// The action that the first positional argument names, on the inputs that follow it and the flags as they are set.
//
// Errors: INVALID_ARGUMENT when the command line makes no sense. Nothing has been sent by then.
absl::StatusOr<Action> MakeAction(const CommandLine& command_line);

}  // namespace attnd::client

#endif  // CLIENT_CTL_COMMANDS_H_
