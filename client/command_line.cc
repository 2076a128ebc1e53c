#include "client/command_line.h"

#include <cstddef>
#include <optional>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/reflection.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace attnd::client {
namespace {

// One argument that sets a flag, without its dashes.
struct FlagArgument {
  absl::CommandLineFlag* flag = nullptr;
  // Absent when it is to be the next argument.
  std::optional<std::string> value;
};

absl::StatusOr<FlagArgument> ParseFlagArgument(absl::string_view text) {
  const size_t equals = text.find('=');
  const absl::string_view name = text.substr(0, equals);
  if (absl::CommandLineFlag* flag = absl::FindCommandLineFlag(name)) {
    if (equals != absl::string_view::npos) return FlagArgument{flag, std::string(text.substr(equals + 1))};
    if (flag->IsOfType<bool>()) return FlagArgument{flag, "true"};
    return FlagArgument{flag, std::nullopt};
  }
  absl::string_view negated = name;
  if (equals == absl::string_view::npos && absl::ConsumePrefix(&negated, "no")) {
    absl::CommandLineFlag* flag = absl::FindCommandLineFlag(negated);
    if (flag != nullptr && flag->IsOfType<bool>()) return FlagArgument{flag, "false"};
  }
  return absl::InvalidArgumentError(absl::StrCat("there is no flag --", name));
}

}  // namespace

absl::StatusOr<CommandLine> ParseCommandLine(absl::Span<char* const> arguments) {
  CommandLine command_line;
  bool flags_ended = false;
  for (size_t i = 1; i < arguments.size(); ++i) {
    absl::string_view text = arguments[i];
    if (flags_ended || !absl::StartsWith(text, "-") || text == "-") {
      command_line.positional.emplace_back(text);
      continue;
    }
    if (text == "--") {
      flags_ended = true;
      continue;
    }
    if (text == "--help" || text == "-h") {
      command_line.help = true;
      continue;
    }
    if (!absl::ConsumePrefix(&text, "--")) {
      return absl::InvalidArgumentError(absl::StrCat("'", text, "' is neither an input nor a flag"));
    }
    absl::StatusOr<FlagArgument> argument = ParseFlagArgument(text);
    if (!argument.ok()) return argument.status();
    const absl::string_view name = argument->flag->Name();
    if (!argument->value.has_value()) {
      if (++i == arguments.size()) return absl::InvalidArgumentError(absl::StrCat("--", name, " needs a value"));
      argument->value = arguments[i];
    }
    std::string error;
    if (!argument->flag->ParseFrom(*argument->value, &error)) {
      return absl::InvalidArgumentError(absl::StrCat("--", name, " cannot be '", *argument->value, "'"));
    }
    command_line.flags.emplace(name);
  }
  return command_line;
}

}  // namespace attnd::client
