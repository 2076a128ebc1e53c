#include "client/ctl/commands.h"

#include <cstdint>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "client/connection_flags.h"
#include "client/ctl/command_groups.h"
#include "client/output_format.h"

// Described in usage.h.
ABSL_FLAG(int64_t, timeout_ms, 60000, "");

namespace attnd::client {

Subcommand<Action> Calling(Subcommand<Calls> subcommand) {
  subcommand.flags.push_back("timeout_ms");
  absl::c_copy(ConnectionFlags(), std::back_inserter(subcommand.flags));
  auto make = [make_calls = std::move(subcommand.make)](absl::Span<const std::string> inputs,
                                                        OutputFormat format) -> absl::StatusOr<Action> {
    absl::StatusOr<Calls> calls = make_calls(inputs, format);
    if (!calls.ok()) return calls.status();
    const absl::Duration timeout = absl::Milliseconds(absl::GetFlag(FLAGS_timeout_ms));
    if (timeout <= absl::ZeroDuration()) return absl::InvalidArgumentError("--timeout_ms must be above 0");
    absl::StatusOr<ClientOptions> options = ConnectionFromFlags(timeout, RetryOptions().max_attempts);
    if (!options.ok()) return options.status();
    return [calls = *std::move(calls), options = *std::move(options)]() mutable {
      const std::unique_ptr<Client> client = Client::Create(options);
      return calls(*client);
    };
  };
  return {subcommand.name, std::move(make), std::move(subcommand.flags)};
}

std::vector<Subcommand<Action>> AttndctlCommands() {
  std::vector<Subcommand<Action>> all;
  for (const auto& group : {ForwardCommands(), EmbedCommands(), ScoreCommands(), SimilarCommands(), TextCommands(),
                            ServerCommands(), KeyCommands()}) {
    absl::c_copy(group, std::back_inserter(all));
  }
  return all;
}

}  // namespace attnd::client
