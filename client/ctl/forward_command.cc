#include <cstdint>
#include <limits>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "client/ctl/arguments.h"
#include "client/ctl/command_groups.h"
#include "client/ctl/forward_output.h"
#include "client/ctl/input_flags.h"
#include "client/ctl/stopwatch.h"
#include "client/ctl/top_tokens_output.h"
#include "client/output_format.h"
#include "client/read_file.h"

// Described in usage.h.
ABSL_FLAG(std::string, layers, "ln_f", "");
ABSL_FLAG(std::string, positions, "last", "");
ABSL_FLAG(std::string, logits, "none", "");
ABSL_FLAG(uint32_t, top_k, 0, "");
ABSL_FLAG(std::string, top_k_positions, "last", "");
ABSL_FLAG(std::string, hidden_file, "", "");

namespace attnd::client {
namespace {

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

absl::Status AddHiddenStates(v1::ForwardRequest& request) {
  absl::StatusOr<PositionChoice> choice = ParsePositions("positions", absl::GetFlag(FLAGS_positions));
  if (!choice.ok()) return choice.status();
  const std::string layers = absl::GetFlag(FLAGS_layers);
  for (const absl::string_view layer : absl::StrSplit(layers, ',', absl::SkipEmpty())) {
    v1::HiddenStatesSelection& selection = *request.add_hidden_states();
    selection.set_layer(std::string(layer));
    selection.set_positions(choice->positions);
    selection.mutable_listed_positions()->Add(choice->listed.begin(), choice->listed.end());
  }
  return absl::OkStatus();
}

absl::Status AddLogits(v1::ForwardRequest& request) {
  absl::StatusOr<PositionChoice> choice = ParseLogits(absl::GetFlag(FLAGS_logits));
  if (!choice.ok()) return choice.status();
  request.set_logits(choice->positions);
  request.mutable_logits_listed_positions()->Add(choice->listed.begin(), choice->listed.end());
  return absl::OkStatus();
}

absl::Status AddTopK(v1::ForwardRequest& request) {
  absl::StatusOr<PositionChoice> choice = ParsePositions("top_k_positions", absl::GetFlag(FLAGS_top_k_positions));
  if (!choice.ok()) return choice.status();
  const uint32_t k = absl::GetFlag(FLAGS_top_k);
  if (k == 0) return absl::OkStatus();
  request.mutable_top_k()->set_k(k);
  request.mutable_top_k()->set_positions(choice->positions);
  request.mutable_top_k()->mutable_listed_positions()->Add(choice->listed.begin(), choice->listed.end());
  return absl::OkStatus();
}

// The request that forward's flags and inputs ask for, without the hidden states of --hidden_file.
absl::StatusOr<v1::ForwardRequest> ForwardRequestFromFlags(absl::Span<const std::string> texts) {
  absl::StatusOr<std::vector<v1::Input>> inputs = CollectInputs(texts, SourcesFromFlags());
  if (!inputs.ok()) return inputs.status();
  v1::ForwardRequest request;
  request.mutable_inputs()->Add(inputs->begin(), inputs->end());
  request.set_truncate(absl::GetFlag(FLAGS_truncate));
  for (const auto& add : {AddHiddenStates, AddLogits, AddTopK}) {
    if (absl::Status status = add(request); !status.ok()) return status;
  }
  return request;
}

// Of the likely tokens of a reply to texts, as far as the server tells them: a vocabulary may have ids without a token,
// and a key may allow no Detokenize. None where nothing in the call shows that the server has a tokenizer.
TextById FetchTexts(Client& client, const v1::ForwardRequest& request, const v1::ForwardResponse& response) {
  const bool has_text = absl::c_any_of(
      request.inputs(), [](const v1::Input& input) { return input.has_text() || input.has_text_bytes(); });
  if (!request.has_top_k() || !has_text) return TextById();
  const absl::StatusOr<v1::GetModelResponse> model = client.GetModel();
  // Where the key does not allow GetModel, as if every id had a token.
  const uint32_t token_count = model.ok() ? model->tokenizer_token_count() : std::numeric_limits<uint32_t>::max();
  const v1::DetokenizeRequest tokens = DetokenizeRequestFor(response, token_count);
  const absl::StatusOr<v1::DetokenizeResponse> texts = client.Detokenize(tokens);
  return texts.ok() ? ReadTexts(tokens, *texts).value_or(TextById()) : TextById();
}

absl::StatusOr<Calls> MakeForward(absl::Span<const std::string> inputs, OutputFormat format) {
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
    if (format == OutputFormat::kJson) return ForwardJson(*response, round_trip);
    return ForwardTable(*response, FetchTexts(client, request, *response), round_trip);
  };
}

}  // namespace

std::vector<Subcommand<Action>> ForwardCommands() {
  return {
      Calling({"forward",
               MakeForward,
               {"layers", "positions", "logits", "top_k", "top_k_positions", "hidden_file", "text", "text_file",
                "text_lines", "bytes", "truncate"}}),
  };
}

}  // namespace attnd::client
