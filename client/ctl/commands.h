// attndctl's subcommands.

#ifndef CLIENT_CTL_COMMANDS_H_
#define CLIENT_CTL_COMMANDS_H_

#include <vector>

#include "client/subcommand.h"

namespace attnd::client {

std::vector<Subcommand<Action>> AttndctlCommands();

}  // namespace attnd::client

#endif  // CLIENT_CTL_COMMANDS_H_
