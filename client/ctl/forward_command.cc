#include <utility>

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
#include "client/output_format.h"
#include "client/read_file.h"

// Described in usage.h.
ABSL_FLAG(std::string, layers, "ln_f", "");
ABSL_FLAG(std::string, positions, "last", "");
ABSL_FLAG(std::string, logits, "none", "");
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
    return format == OutputFormat::kJson ? ForwardJson(*response, round_trip) : ForwardTable(*response, round_trip);
  };
}

}  // namespace

std::vector<Subcommand<Action>> ForwardCommands() {
  return {
      Calling(
          {"forward",
           MakeForward,
           {"layers", "positions", "logits", "hidden_file", "text", "text_file", "text_lines", "bytes", "truncate"}}),
  };
}

}  // namespace attnd::client
