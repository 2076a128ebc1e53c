// attnd-model: makes, changes and measures what a server loads.

#include <cstddef>
#include <string>

#include "absl/log/initialize.h"
#include "absl/types/span.h"
#include "client/model/commands.h"
#include "client/model/usage.h"
#include "client/program.h"

namespace attnd::client {
namespace {

int Main(absl::Span<char* const> arguments) {
  absl::InitializeLog();
  return RunProgram(
      {.name = "attnd-model", .usage = std::string(kAttndModelUsage), .subcommands = AttndModelCommands()}, arguments);
}

}  // namespace
}  // namespace attnd::client

int main(int argc, char** argv) { return attnd::client::Main(absl::MakeConstSpan(argv, static_cast<size_t>(argc))); }
