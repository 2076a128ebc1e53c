// Programs whose first argument says what to do: attndctl and attnd-model.

#ifndef CLIENT_PROGRAM_H_
#define CLIENT_PROGRAM_H_

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "client/subcommand.h"

namespace attnd::client {

struct Program {
  std::string name;   // as in its errors
  std::string usage;  // what --help prints, and no argument at all
  std::vector<Subcommand<Action>> subcommands;
};

// All that `main` is to do with its arguments, the program's path first: parses the flags, does what the subcommand is
// for, and prints what comes of it to standard output, or "NAME: CODE: message" to standard error. Returns the exit
// status: 0 success, 1 failure, 2 wrong usage, of which nothing has been done.
int RunProgram(const Program& program, absl::Span<char* const> arguments);

}  // namespace attnd::client

#endif  // CLIENT_PROGRAM_H_
