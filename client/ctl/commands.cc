#include "client/ctl/commands.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "client/connection_flags.h"
#include "client/ctl/arguments.h"
#include "client/ctl/embed_output.h"
#include "client/ctl/forward_output.h"
#include "client/ctl/model_output.h"
#include "client/ctl/new_key.h"
#include "client/ctl/reload_output.h"
#include "client/ctl/score_output.h"
#include "client/ctl/text_inputs.h"
#include "client/ctl/text_output.h"
#include "client/output_format.h"
#include "client/read_file.h"
#include "client/step_progress.h"
#include "client/subcommand.h"

// Described in usage.h.
ABSL_FLAG(std::string, layers, "ln_f", "");
ABSL_FLAG(std::string, positions, "last", "");
ABSL_FLAG(std::string, logits, "none", "");
ABSL_FLAG(std::string, hidden_file, "", "");
ABSL_FLAG(bool, text, false, "");
ABSL_FLAG(std::string, text_file, "", "");
ABSL_FLAG(std::string, text_lines, "", "");
ABSL_FLAG(bool, bytes, false, "");
ABSL_FLAG(bool, truncate, false, "");
ABSL_FLAG(bool, per_token, false, "");
ABSL_FLAG(bool, skip_special, false, "");
ABSL_FLAG(std::string, pooling, "last", "");
ABSL_FLAG(uint32_t, dimensions, 0, "");
ABSL_FLAG(bool, normalize, true, "");
ABSL_FLAG(std::string, model, "", "");
ABSL_FLAG(std::string, id, "", "");
ABSL_FLAG(std::string, methods, "*", "");
ABSL_FLAG(int64_t, tokens_per_second, 0, "");
ABSL_FLAG(int64_t, burst_tokens, 0, "");

namespace attnd::client {
namespace {

class Stopwatch {
 public:
  absl::Duration Elapsed() const { return absl::FromChrono(std::chrono::steady_clock::now() - start_); }

 private:
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

InputSources SourcesFromFlags() {
  return {.is_text = absl::GetFlag(FLAGS_text),
          .text_file = absl::GetFlag(FLAGS_text_file),
          .text_lines = absl::GetFlag(FLAGS_text_lines),
          .is_bytes = absl::GetFlag(FLAGS_bytes)};
}

// Of an input of text.
const std::string& InputText(const v1::Input& input) { return input.has_text() ? input.text() : input.text_bytes(); }

v1::TokenizeRequest TokenizeRequestFor(const v1::Input& input) {
  v1::TokenizeRequest request;
  if (input.has_text()) request.set_text(input.text());
  if (input.has_text_bytes()) request.set_text_bytes(input.text_bytes());
  return request;
}

absl::Status AddHiddenFile(Client& client, const std::string& path, v1::ForwardRequest& request) {
  absl::StatusOr<std::string> bytes = ReadFile(path);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<v1::GetModelResponse> model = client.GetModel();
  if (!model.ok()) return model.status();
  absl::StatusOr<v1::Input> input = ParseHiddenStates(*bytes, model->config().embedding_length());
  if (!input.ok()) return input.status();
  *request.add_inputs() = *std::move(input);
  return absl::OkStatus();
}

// The request that forward's flags and inputs ask for, without the hidden states of --hidden_file.
absl::StatusOr<v1::ForwardRequest> ForwardRequestFromFlags(absl::Span<const std::string> texts) {
  absl::StatusOr<std::vector<v1::Input>> inputs = CollectInputs(texts, SourcesFromFlags());
  if (!inputs.ok()) return inputs.status();
  absl::StatusOr<v1::Positions> positions = ParsePositions(absl::GetFlag(FLAGS_positions));
  if (!positions.ok()) return positions.status();
  absl::StatusOr<v1::Positions> logits = ParseLogits(absl::GetFlag(FLAGS_logits));
  if (!logits.ok()) return logits.status();

  v1::ForwardRequest request;
  request.mutable_inputs()->Add(inputs->begin(), inputs->end());
  const std::string layers = absl::GetFlag(FLAGS_layers);
  for (const absl::string_view layer : absl::StrSplit(layers, ',', absl::SkipEmpty())) {
    v1::HiddenStatesSelection& selection = *request.add_hidden_states();
    selection.set_layer(std::string(layer));
    selection.set_positions(*positions);
  }
  request.set_logits(*logits);
  request.set_truncate(absl::GetFlag(FLAGS_truncate));
  return request;
}

absl::StatusOr<Action> MakeForward(absl::Span<const std::string> inputs, OutputFormat format) {
  const std::string hidden_file = absl::GetFlag(FLAGS_hidden_file);
  absl::StatusOr<v1::ForwardRequest> request = ForwardRequestFromFlags(inputs);
  if (!request.ok()) return request.status();
  if (request->inputs().empty() && hidden_file.empty()) return absl::InvalidArgumentError("forward needs an input");
  return [request = *std::move(request), hidden_file, format](Client& client) mutable -> absl::StatusOr<std::string> {
    if (!hidden_file.empty()) {
      absl::Status status = AddHiddenFile(client, hidden_file, request);
      if (!status.ok()) return status;
    }
    const Stopwatch stopwatch;
    absl::StatusOr<v1::ForwardResponse> response = client.Forward(request);
    const absl::Duration round_trip = stopwatch.Elapsed();
    if (!response.ok()) return response.status();
    return format == OutputFormat::kJson ? ForwardJson(*response, round_trip) : ForwardTable(*response, round_trip);
  };
}

absl::StatusOr<Action> MakeEmbed(absl::Span<const std::string> texts, OutputFormat format) {
  absl::StatusOr<std::vector<v1::Input>> inputs = CollectInputs(texts, SourcesFromFlags());
  if (!inputs.ok()) return inputs.status();
  if (inputs->empty()) return absl::InvalidArgumentError("embed needs an input");
  absl::StatusOr<v1::Pooling> pooling = ParsePooling(absl::GetFlag(FLAGS_pooling));
  if (!pooling.ok()) return pooling.status();
  v1::EmbedRequest request;
  request.mutable_inputs()->Add(inputs->begin(), inputs->end());
  request.set_pooling(*pooling);
  request.set_normalize(absl::GetFlag(FLAGS_normalize));
  request.set_truncate(absl::GetFlag(FLAGS_truncate));
  if (const uint32_t dimensions = absl::GetFlag(FLAGS_dimensions); dimensions > 0) request.set_dimensions(dimensions);
  return [request = std::move(request), format](Client& client) -> absl::StatusOr<std::string> {
    const Stopwatch stopwatch;
    absl::StatusOr<v1::EmbedResponse> response = client.Embed(request);
    const absl::Duration round_trip = stopwatch.Elapsed();
    if (!response.ok()) return response.status();
    return format == OutputFormat::kJson ? EmbedJson(*response, round_trip) : EmbedTable(*response, round_trip);
  };
}

// Empty for an input that is no text, or whose tokens are others than those scored, because the model was replaced.
absl::StatusOr<TokenTexts> TextsOf(Client& client, const v1::Input& input, const v1::TokenLogProbabilities& scores) {
  if (!input.has_text() && !input.has_text_bytes()) return TokenTexts();
  absl::StatusOr<v1::TokenizeResponse> tokens = client.Tokenize(TokenizeRequestFor(input));
  if (!tokens.ok()) return tokens.status();
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

absl::StatusOr<Action> MakeScore(absl::Span<const std::string> words, OutputFormat format) {
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

absl::StatusOr<Action> MakeTokenize(absl::Span<const std::string> texts, OutputFormat format) {
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

absl::StatusOr<Action> MakeDetokenize(absl::Span<const std::string> words, OutputFormat format) {
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

absl::StatusOr<Action> MakeModel(absl::Span<const std::string> inputs, OutputFormat format) {
  if (!inputs.empty()) return absl::InvalidArgumentError("model takes no input");
  return [format](Client& client) -> absl::StatusOr<std::string> {
    absl::StatusOr<v1::GetModelResponse> model = client.GetModel();
    if (!model.ok()) return model.status();
    return format == OutputFormat::kJson ? ModelJson(*model) : ModelTable(*model);
  };
}

absl::StatusOr<Action> MakeHealth(absl::Span<const std::string> inputs, OutputFormat format) {
  if (!inputs.empty()) return absl::InvalidArgumentError("health takes no input");
  return [format](Client& client) -> absl::StatusOr<std::string> {
    absl::Status status = client.CheckHealth();
    if (!status.ok()) return status;
    return format == OutputFormat::kJson ? "{\"status\":\"SERVING\"}\n" : "SERVING\n";
  };
}

absl::StatusOr<Action> MakeReload(absl::Span<const std::string> inputs, OutputFormat format) {
  if (!inputs.empty()) return absl::InvalidArgumentError("reload takes no input");
  v1::ReloadModelRequest request;
  request.set_model_path(absl::GetFlag(FLAGS_model));
  return [request, format](Client& client) -> absl::StatusOr<std::string> {
    absl::StatusOr<v1::ReloadModelResponse> response;
    {
      const StepProgress progress("loading the model beside the one being served");
      response = client.ReloadModel(request);
    }
    if (!response.ok()) return response.status();
    return format == OutputFormat::kJson ? ReloadJson(*response) : ReloadTable(*response);
  };
}

absl::StatusOr<Action> MakeKeyCommand(absl::Span<const std::string> words, OutputFormat format) {
  if (words.size() != 1 || words.front() != "new") return absl::InvalidArgumentError("key takes one word: new");
  absl::StatusOr<NewKey> key = MakeKey({.id = absl::GetFlag(FLAGS_id),
                                        .methods = absl::GetFlag(FLAGS_methods),
                                        .tokens_per_second = absl::GetFlag(FLAGS_tokens_per_second),
                                        .burst_tokens = absl::GetFlag(FLAGS_burst_tokens)});
  if (!key.ok()) return key.status();
  return [key = *std::move(key), format](Client& /*client*/) -> absl::StatusOr<std::string> {
    return format == OutputFormat::kJson ? NewKeyJson(key) : NewKeyTable(key);
  };
}

// All that calls take --timeout_ms and the flags of connections.
Subcommand<Action> Calling(Subcommand<Action> subcommand) {
  subcommand.flags.push_back("timeout_ms");
  absl::c_copy(ConnectionFlags(), std::back_inserter(subcommand.flags));
  return subcommand;
}

const std::vector<Subcommand<Action>>& Subcommands() {
  static const auto* const subcommands = new std::vector<Subcommand<Action>>{
      Calling(
          {"forward",
           MakeForward,
           {"layers", "positions", "logits", "hidden_file", "text", "text_file", "text_lines", "bytes", "truncate"}}),
      Calling({"embed",
               MakeEmbed,
               {"pooling", "dimensions", "normalize", "text", "text_file", "text_lines", "bytes", "truncate"}}),
      Calling({"score", MakeScore, {"per_token", "text", "text_file", "text_lines", "bytes", "truncate"}}),
      Calling({"tokenize", MakeTokenize, {"text", "text_file", "text_lines", "bytes"}}),
      Calling({"detokenize", MakeDetokenize, {"skip_special"}}),
      Calling({"model", MakeModel, {}}),
      Calling({"health", MakeHealth, {}}),
      Calling({"reload", MakeReload, {"model"}}),
      {"key", MakeKeyCommand, {"id", "methods", "tokens_per_second", "burst_tokens"}},
  };
  return *subcommands;
}

}  // namespace

absl::StatusOr<Action> MakeAction(const CommandLine& command_line) {
  return ChooseAction<Action>(Subcommands(), command_line);
}

}  // namespace attnd::client
