#include "client/ctl/forward_output.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/ctl/tensor_view.h"
#include "client/ctl/timing_output.h"
#include "client/ctl/top_tokens_output.h"
#include "client/json_line.h"
#include "client/tensor.h"
#include "client/text_table.h"
#include "nlohmann/json.hpp"

namespace attnd::client {
namespace {

std::vector<std::string> TensorRow(int input, const v1::ForwardResult& result, const std::string& output,
                                   const TensorView& tensor) {
  return {absl::StrCat(input),
          FormatTokenCount(result.token_count(), result.truncated_from()),
          output,
          FormatShape(tensor.shape),
          FormatNorm(tensor.values),
          FormatFirstValues(tensor.values)};
}

absl::StatusOr<nlohmann::ordered_json> ResultJson(const v1::ForwardResult& result) {
  nlohmann::ordered_json json = {{"token_count", result.token_count()}, {"truncated_from", result.truncated_from()}};
  json["hidden_states"] = nlohmann::ordered_json::array();
  for (const v1::HiddenStates& states : result.hidden_states()) {
    absl::StatusOr<TensorView> tensor = DecodeMatrix(states.values());
    if (!tensor.ok()) return tensor.status();
    nlohmann::ordered_json entry = {{"layer", states.layer()}};
    entry.update(TensorJson(*tensor));
    json["hidden_states"].push_back(std::move(entry));
  }
  if (result.has_logits()) {
    absl::StatusOr<TensorView> tensor = DecodeMatrix(result.logits());
    if (!tensor.ok()) return tensor.status();
    json["logits"] = TensorJson(*tensor);
  }
  if (!result.top_k().empty()) {
    absl::StatusOr<nlohmann::ordered_json> top_tokens = TopTokensJson(result);
    if (!top_tokens.ok()) return top_tokens.status();
    json["top_k"] = *std::move(top_tokens);
  }
  return json;
}

// What the reply has of rows of tensors; empty where it has none.
absl::StatusOr<std::string> TensorsTable(const v1::ForwardResponse& response) {
  TextTable table({{"input", Align::kRight},
                   {"tokens", Align::kRight},
                   {"output"},
                   {"shape"},
                   {"norm", Align::kRight},
                   {"first values"}});
  bool any = false;
  for (int input = 0; input < response.results_size(); ++input) {
    const v1::ForwardResult& result = response.results(input);
    any = any || result.has_logits() || !result.hidden_states().empty();
    for (const v1::HiddenStates& states : result.hidden_states()) {
      absl::StatusOr<TensorView> tensor = DecodeMatrix(states.values());
      if (!tensor.ok()) return tensor.status();
      table.AddRow(TensorRow(input, result, states.layer(), *tensor));
    }
    if (result.has_logits()) {
      absl::StatusOr<TensorView> tensor = DecodeMatrix(result.logits());
      if (!tensor.ok()) return tensor.status();
      table.AddRow(TensorRow(input, result, "logits", *tensor));
    }
  }
  return any ? absl::StrCat(table.ToString(), "\n") : "";
}

}  // namespace

absl::StatusOr<std::string> ForwardTable(const v1::ForwardResponse& response, const TextById& texts,
                                         absl::Duration round_trip) {
  const absl::StatusOr<std::string> tensors = TensorsTable(response);
  if (!tensors.ok()) return tensors;
  const absl::StatusOr<std::string> top_tokens = TopTokensTables(response, texts);
  if (!top_tokens.ok()) return top_tokens;
  return absl::StrCat(*tensors, *top_tokens, TimingLine(response.timing(), round_trip));
}

absl::StatusOr<std::string> ForwardJson(const v1::ForwardResponse& response, absl::Duration round_trip) {
  nlohmann::ordered_json json = {{"results", nlohmann::ordered_json::array()}};
  for (const v1::ForwardResult& result : response.results()) {
    absl::StatusOr<nlohmann::ordered_json> entry = ResultJson(result);
    if (!entry.ok()) return entry.status();
    json["results"].push_back(*std::move(entry));
  }
  json["model_version"] = response.model_version();
  json["timing"] = TimingJson(response.timing(), round_trip);
  return JsonLine(json);
}

}  // namespace attnd::client
