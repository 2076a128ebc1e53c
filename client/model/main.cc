// attnd-model: makes, changes and measures what a server loads.

#include <cstddef>
#include <iostream>
#include <string>

#include "absl/log/initialize.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "client/command_line.h"
#include "client/model/commands.h"
#include "client/model/usage.h"

namespace attnd::client {
namespace {

enum ExitCode { kSuccess = 0, kFailed = 1, kWrongUsage = 2 };

ExitCode FailUsage(const absl::Status& status) {
  std::cerr << "attnd-model: " << status.message() << "\nattnd-model --help shows what there is.\n";
  return kWrongUsage;
}

ExitCode Main(absl::Span<char* const> arguments) {
  absl::InitializeLog();
  const absl::StatusOr<CommandLine> command_line = ParseCommandLine(arguments);
  if (!command_line.ok()) return FailUsage(command_line.status());
  if (command_line->help || arguments.size() == 1) {
    std::cout << kAttndModelUsage;
    return kSuccess;
  }
  absl::StatusOr<Action> action = MakeAction(*command_line);
  if (!action.ok()) return FailUsage(action.status());
  const absl::StatusOr<std::string> output = (*action)();
  if (!output.ok()) {
    std::cerr << "attnd-model: " << output.status() << "\n";
    return kFailed;
  }
  std::cout << *output << std::flush;
  return std::cout.good() ? kSuccess : kFailed;
}

}  // namespace
}  // namespace attnd::client

int main(int argc, char** argv) { return attnd::client::Main(absl::MakeConstSpan(argv, static_cast<size_t>(argc))); }
