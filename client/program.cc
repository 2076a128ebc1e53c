#include "client/program.h"

#include <iostream>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "client/command_line.h"
#include "client/output_format.h"

namespace attnd::client {
namespace {

enum ExitCode { kSuccess = 0, kFailed = 1, kWrongUsage = 2 };

// The action that the first positional argument names, on the inputs that follow it.
absl::StatusOr<Action> ChooseAction(absl::Span<const Subcommand<Action>> subcommands, const CommandLine& command_line) {
  if (command_line.positional.empty()) return absl::InvalidArgumentError("no command given");
  const std::string& name = command_line.positional.front();
  const auto subcommand = absl::c_find_if(subcommands, [&](const auto& candidate) { return candidate.name == name; });
  if (subcommand == subcommands.end()) return absl::InvalidArgumentError(absl::StrCat("no command '", name, "'"));
  for (const std::string& flag : command_line.flags) {
    if (flag == "output" || absl::c_linear_search(subcommand->flags, flag)) continue;
    return absl::InvalidArgumentError(absl::StrCat(name, " takes no --", flag));
  }
  absl::StatusOr<OutputFormat> format = OutputFormatFromFlag();
  if (!format.ok()) return format.status();
  return subcommand->make(absl::MakeConstSpan(command_line.positional).subspan(1), *format);
}

ExitCode FailUsage(const Program& program, const absl::Status& status) {
  std::cerr << program.name << ": " << status.message() << "\n" << program.name << " --help shows what there is.\n";
  return kWrongUsage;
}

}  // namespace

int RunProgram(const Program& program, absl::Span<char* const> arguments) {
  const absl::StatusOr<CommandLine> command_line = ParseCommandLine(arguments);
  if (!command_line.ok()) return FailUsage(program, command_line.status());
  if (command_line->help || arguments.size() == 1) {
    std::cout << program.usage;
    return kSuccess;
  }
  absl::StatusOr<Action> action = ChooseAction(program.subcommands, *command_line);
  if (!action.ok()) return FailUsage(program, action.status());
  const absl::StatusOr<std::string> output = (*action)();
  if (!output.ok()) {
    std::cerr << program.name << ": " << output.status() << "\n";
    return kFailed;
  }
  std::cout << *output << std::flush;
  return std::cout.good() ? kSuccess : kFailed;
}

}  // namespace attnd::client
