#include <cstdint>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "client/ctl/command_groups.h"
#include "client/ctl/new_key.h"
#include "client/output_format.h"

// Described in usage.h.
ABSL_FLAG(std::string, id, "", "");
ABSL_FLAG(std::string, methods, "*", "");
ABSL_FLAG(int64_t, tokens_per_second, 0, "");
ABSL_FLAG(int64_t, burst_tokens, 0, "");

namespace attnd::client {
namespace {

absl::StatusOr<Action> MakeKeyCommand(absl::Span<const std::string> words, OutputFormat format) {
  if (words.size() != 1 || words.front() != "new") return absl::InvalidArgumentError("key takes one word: new");
  absl::StatusOr<NewKey> key = MakeKey({.id = absl::GetFlag(FLAGS_id),
                                        .methods = absl::GetFlag(FLAGS_methods),
                                        .tokens_per_second = absl::GetFlag(FLAGS_tokens_per_second),
                                        .burst_tokens = absl::GetFlag(FLAGS_burst_tokens)});
  if (!key.ok()) return key.status();
  return [key = *std::move(key), format]() -> absl::StatusOr<std::string> {
    return format == OutputFormat::kJson ? NewKeyJson(key) : NewKeyTable(key);
  };
}

}  // namespace

std::vector<Subcommand<Action>> KeyCommands() {
  return {{"key", MakeKeyCommand, {"id", "methods", "tokens_per_second", "burst_tokens"}}};
}

}  // namespace attnd::client
