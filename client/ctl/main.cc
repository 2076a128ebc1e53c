// attndctl: calls an attnd server from a terminal or a script.

#include <cstddef>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "client/client.h"
#include "client/command_line.h"
#include "client/connection_flags.h"
#include "client/ctl/commands.h"
#include "client/ctl/usage.h"

// Described in usage.h.
ABSL_FLAG(int64_t, timeout_ms, 60000, "");

namespace attnd::client {
namespace {

enum ExitCode { kSuccess = 0, kCallFailed = 1, kWrongUsage = 2 };

ExitCode FailUsage(const absl::Status& status) {
  std::cerr << "attndctl: " << status.message() << "\nattndctl --help shows what there is.\n";
  return kWrongUsage;
}

ExitCode Main(absl::Span<char* const> arguments) {
  const absl::StatusOr<CommandLine> command_line = ParseCommandLine(arguments);
  if (!command_line.ok()) return FailUsage(command_line.status());
  if (command_line->help || arguments.size() == 1) {
    std::cout << AttndctlUsage();
    return kSuccess;
  }
  absl::StatusOr<Action> action = MakeAction(*command_line);
  if (!action.ok()) return FailUsage(action.status());
  const absl::Duration timeout = absl::Milliseconds(absl::GetFlag(FLAGS_timeout_ms));
  if (timeout <= absl::ZeroDuration()) return FailUsage(absl::InvalidArgumentError("--timeout_ms must be above 0"));
  const absl::StatusOr<ClientOptions> options = ConnectionFromFlags(timeout);
  if (!options.ok()) return FailUsage(options.status());

  const std::unique_ptr<Client> client = Client::Create(*options);
  const absl::StatusOr<std::string> output = (*action)(*client);
  if (!output.ok()) {
    std::cerr << "attndctl: " << output.status() << "\n";
    return kCallFailed;
  }
  std::cout << *output << std::flush;
  return std::cout.good() ? kSuccess : kCallFailed;
}

}  // namespace
}  // namespace attnd::client

int main(int argc, char** argv) { return attnd::client::Main(absl::MakeConstSpan(argv, static_cast<size_t>(argc))); }
