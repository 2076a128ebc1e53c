// attnd-model's subcommands.

#ifndef CLIENT_MODEL_COMMANDS_H_
#define CLIENT_MODEL_COMMANDS_H_

#include <vector>

#include "client/subcommand.h"

namespace attnd::client {

std::vector<Subcommand<Action>> AttndModelCommands();

}  // namespace attnd::client

#endif  // CLIENT_MODEL_COMMANDS_H_
