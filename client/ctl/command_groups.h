// attndctl's subcommands, by what they are for: a file for each group.

#ifndef CLIENT_CTL_COMMAND_GROUPS_H_
#define CLIENT_CTL_COMMAND_GROUPS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/flags/declare.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "client/client.h"
#include "client/subcommand.h"

ABSL_DECLARE_FLAG(int64_t, timeout_ms);

namespace attnd::client {

// Makes the calls of a subcommand and returns what to print.
using Calls = absl::AnyInvocable<absl::StatusOr<std::string>(Client&)>;

std::vector<Subcommand<Action>> ForwardCommands();
std::vector<Subcommand<Action>> EmbedCommands();
std::vector<Subcommand<Action>> ScoreCommands();
std::vector<Subcommand<Action>> SimilarCommands();
std::vector<Subcommand<Action>> TextCommands();    // tokenize, detokenize
std::vector<Subcommand<Action>> ServerCommands();  // model, health, reload
std::vector<Subcommand<Action>> KeyCommands();

// The same of the server that --timeout_ms and the flags of connections name, which it takes, too.
Subcommand<Action> Calling(Subcommand<Calls> subcommand);

}  // namespace attnd::client

#endif  // CLIENT_CTL_COMMAND_GROUPS_H_
