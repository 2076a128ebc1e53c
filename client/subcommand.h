// What a program can be told to do by its first argument.

#ifndef CLIENT_SUBCOMMAND_H_
#define CLIENT_SUBCOMMAND_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "client/output_format.h"

namespace attnd::client {

// Does what a subcommand is for and returns what to print.
using Action = absl::AnyInvocable<absl::StatusOr<std::string>()>;

// `Made` is what is to be done once the command line has been understood: an Action, or what becomes one.
template <typename Made>
struct Subcommand {
  absl::string_view name;
  // Checks the arguments that follow the name, and the flags as they are set, before anything is done. Errors:
  // INVALID_ARGUMENT, or what a file that is named has to say, when they make no sense.
  std::function<absl::StatusOr<Made>(absl::Span<const std::string> inputs, OutputFormat format)> make;
  // Flags it takes beside --output.
  std::vector<absl::string_view> flags;
};

}  // namespace attnd::client

#endif  // CLIENT_SUBCOMMAND_H_
