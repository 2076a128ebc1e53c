// attndctl's subcommands, by what they are for: a file for each group.

#ifndef CLIENT_CTL_COMMAND_GROUPS_H_
#define CLIENT_CTL_COMMAND_GROUPS_H_

#include <vector>

#include "client/ctl/commands.h"
#include "client/subcommand.h"

namespace attnd::client {

std::vector<Subcommand<Action>> ForwardCommands();
std::vector<Subcommand<Action>> EmbedCommands();
std::vector<Subcommand<Action>> ScoreCommands();
std::vector<Subcommand<Action>> TextCommands();    // tokenize, detokenize
std::vector<Subcommand<Action>> ServerCommands();  // model, health, reload
std::vector<Subcommand<Action>> KeyCommands();

// A subcommand that calls a server: takes --timeout_ms and the flags of connections, too.
Subcommand<Action> Calling(Subcommand<Action> subcommand);

}  // namespace attnd::client

#endif  // CLIENT_CTL_COMMAND_GROUPS_H_
