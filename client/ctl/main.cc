// attndctl: calls an attnd server from a terminal or a script.

#include <cstddef>

#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "client/ctl/commands.h"
#include "client/ctl/usage.h"
#include "client/program.h"

namespace attnd::client {
namespace {

int Main(absl::Span<char* const> arguments) {
  return RunProgram({.name = "attndctl", .usage = AttndctlUsage(), .subcommands = AttndctlCommands()}, arguments);
}

}  // namespace
}  // namespace attnd::client

int main(int argc, char** argv) {
  // Debian compiles Abseil with its search for deadlocks, which looks at every lock of gRPC's.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  return attnd::client::Main(absl::MakeConstSpan(argv, static_cast<size_t>(argc)));
}
