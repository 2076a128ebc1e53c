#include "client/ctl/commands.h"

#include <iterator>
#include <vector>

#include "absl/algorithm/container.h"
#include "client/connection_flags.h"
#include "client/ctl/command_groups.h"
#include "client/subcommand.h"

namespace attnd::client {
namespace {

std::vector<Subcommand<Action>> AllCommands() {
  std::vector<Subcommand<Action>> all;
  for (const auto& group :
       {ForwardCommands(), EmbedCommands(), ScoreCommands(), TextCommands(), ServerCommands(), KeyCommands()}) {
    absl::c_copy(group, std::back_inserter(all));
  }
  return all;
}

}  // namespace

Subcommand<Action> Calling(Subcommand<Action> subcommand) {
  subcommand.flags.push_back("timeout_ms");
  absl::c_copy(ConnectionFlags(), std::back_inserter(subcommand.flags));
  return subcommand;
}

absl::StatusOr<Action> MakeAction(const CommandLine& command_line) {
  return ChooseAction<Action>(AllCommands(), command_line);
}

}  // namespace attnd::client
