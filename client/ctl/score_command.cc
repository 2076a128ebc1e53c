#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "client/ctl/command_groups.h"
#include "client/ctl/input_flags.h"
#include "client/ctl/score_output.h"
#include "client/ctl/stopwatch.h"
#include "client/ctl/text_inputs.h"
#include "client/ctl/text_output.h"
#include "client/output_format.h"

// Described in usage.h.
ABSL_FLAG(bool, per_token, false, "");

namespace attnd::client {
namespace {

// Empty for an input that is no text, or whose tokens the server does not tell, or which are others than those scored,
// because the model was replaced.
absl::StatusOr<TokenTexts> TextsOf(Client& client, const v1::Input& input, const v1::TokenLogProbabilities& scores) {
  if (!input.has_text() && !input.has_text_bytes()) return TokenTexts();
  absl::StatusOr<v1::TokenizeResponse> tokens = client.Tokenize(TokenizeRequestFor(input));
  if (!tokens.ok()) return TokenTexts();
  const bool same = tokens->ids_size() >= scores.token_ids_size() &&
                    std::equal(scores.token_ids().begin(), scores.token_ids().end(), tokens->ids().begin());
  return same ? SplitText(InputText(input), *tokens) : TokenTexts();
}

absl::StatusOr<std::string> PrintTokenScores(Client& client, const v1::ForwardRequest& request,
                                             const v1::ForwardResponse& response) {
  std::vector<TokenTexts> texts;
  for (int i = 0; i < response.results_size(); ++i) {
    absl::StatusOr<TokenTexts> of_input =
        TextsOf(client, request.inputs(i), response.results(i).token_log_probabilities());
    if (!of_input.ok()) return of_input.status();
    texts.push_back(*std::move(of_input));
  }
  return TokenScoresTable(response, texts);
}

absl::StatusOr<Calls> MakeScore(absl::Span<const std::string> words, OutputFormat format) {
  absl::StatusOr<std::vector<v1::Input>> inputs = CollectInputs(words, SourcesFromFlags());
  if (!inputs.ok()) return inputs.status();
  if (inputs->empty()) return absl::InvalidArgumentError("score needs an input");
  v1::ForwardRequest request;
  request.mutable_inputs()->Add(inputs->begin(), inputs->end());
  request.set_token_log_probabilities(true);
  request.set_truncate(absl::GetFlag(FLAGS_truncate));
  const bool per_token = absl::GetFlag(FLAGS_per_token);
  return [request = std::move(request), per_token, format](Client& client) -> absl::StatusOr<std::string> {
    const Stopwatch stopwatch;
    absl::StatusOr<v1::ForwardResponse> response = client.Forward(request);
    const absl::Duration round_trip = stopwatch.Elapsed();
    if (!response.ok()) return response.status();
    if (response->results_size() != request.inputs_size()) {
      return absl::InternalError(absl::StrCat("the server sent ", response->results_size(), " results for ",
                                              request.inputs_size(), " inputs"));
    }
    if (format == OutputFormat::kJson) return ScoreJson(*response, round_trip);
    absl::StatusOr<std::string> table = ScoreTable(*response, round_trip);
    if (!table.ok() || !per_token) return table;
    absl::StatusOr<std::string> tokens = PrintTokenScores(client, request, *response);
    if (!tokens.ok()) return tokens;
    return *tokens + *table;
  };
}

}  // namespace

std::vector<Subcommand<Action>> ScoreCommands() {
  return {Calling({"score", MakeScore, {"per_token", "text", "text_file", "text_lines", "bytes", "truncate"}})};
}

}  // namespace attnd::client
