#include <utility>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "client/ctl/arguments.h"
#include "client/ctl/command_groups.h"
#include "client/ctl/input_flags.h"
#include "client/ctl/text_inputs.h"
#include "client/ctl/text_output.h"
#include "client/output_format.h"

// Described in usage.h.
ABSL_FLAG(bool, skip_special, false, "");

namespace attnd::client {
namespace {

absl::StatusOr<Calls> MakeTokenize(absl::Span<const std::string> texts, OutputFormat format) {
  InputSources sources = SourcesFromFlags();
  sources.is_text = true;
  absl::StatusOr<std::vector<v1::Input>> inputs = CollectInputs(texts, sources);
  if (!inputs.ok()) return inputs.status();
  if (inputs->empty()) return absl::InvalidArgumentError("tokenize needs a text");
  return [inputs = *std::move(inputs), format](Client& client) -> absl::StatusOr<std::string> {
    std::string output;
    for (const v1::Input& input : inputs) {
      absl::StatusOr<v1::TokenizeResponse> response = client.Tokenize(TokenizeRequestFor(input));
      if (!response.ok()) return response.status();
      absl::StatusOr<std::string> tokens =
          format == OutputFormat::kJson ? TokensJson(*response) : TokensTable(InputText(input), *response);
      if (!tokens.ok()) return tokens;
      output += *tokens;
    }
    return output;
  };
}

absl::StatusOr<Calls> MakeDetokenize(absl::Span<const std::string> words, OutputFormat format) {
  if (words.size() != 1) return absl::InvalidArgumentError("detokenize takes token ids, as one input");
  absl::StatusOr<v1::Input> input = ParseTokenIds(words.front());
  if (!input.ok()) return input.status();
  v1::DetokenizeRequest request;
  *request.mutable_ids() = input->token_ids().ids();
  request.set_skip_special_tokens(absl::GetFlag(FLAGS_skip_special));
  return [request = std::move(request), format](Client& client) -> absl::StatusOr<std::string> {
    absl::StatusOr<v1::DetokenizeResponse> response = client.Detokenize(request);
    if (!response.ok()) return response.status();
    return format == OutputFormat::kJson ? TextJson(*response) : TextOf(*response);
  };
}

}  // namespace

std::vector<Subcommand<Action>> TextCommands() {
  return {
      Calling({"tokenize", MakeTokenize, {"text", "text_file", "text_lines", "bytes"}}),
      Calling({"detokenize", MakeDetokenize, {"skip_special"}}),
  };
}

}  // namespace attnd::client
