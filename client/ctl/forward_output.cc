#include "client/ctl/forward_output.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/ctl/tensor_view.h"
#include "client/ctl/timing_output.h"
#include "client/ctl/top_tokens.h"
#include "client/tensor.h"
#include "client/text_table.h"
#include "nlohmann/json.hpp"

namespace attnd::client {
namespace {

constexpr size_t kTopTokenCount = 5;

std::vector<std::string> TensorRow(int input, const v1::ForwardResult& result, const std::string& output,
                                   const TensorView& tensor) {
  return {absl::StrCat(input),
          FormatTokenCount(result.token_count(), result.truncated_from()),
          output,
          FormatShape(tensor.shape),
          FormatNorm(tensor.values),
          FormatFirstValues(tensor.values)};
}

// The likeliest tokens after the last position of an input.
std::string TopTokensTable(int input, const TensorView& logits) {
  TextTable table({{"rank", Align::kRight},
                   {"token id", Align::kRight},
                   {"logit", Align::kRight},
                   {"log-probability", Align::kRight}});
  int rank = 0;
  for (const TokenScore& token : TopTokens(logits.row(logits.row_count() - 1), kTopTokenCount)) {
    table.AddRow({absl::StrCat(++rank), absl::StrCat(token.id), absl::StrFormat("%.4f", token.logit),
                  absl::StrFormat("%.4f", token.log_probability)});
  }
  return absl::StrCat("\nLikeliest tokens after input ", input, "\n", table.ToString());
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
  return json;
}

}  // namespace

absl::StatusOr<std::string> ForwardTable(const v1::ForwardResponse& response, absl::Duration round_trip) {
  TextTable table({{"input", Align::kRight},
                   {"tokens", Align::kRight},
                   {"output"},
                   {"shape"},
                   {"norm", Align::kRight},
                   {"first values"}});
  std::string top_tokens;
  for (int input = 0; input < response.results_size(); ++input) {
    const v1::ForwardResult& result = response.results(input);
    for (const v1::HiddenStates& states : result.hidden_states()) {
      absl::StatusOr<TensorView> tensor = DecodeMatrix(states.values());
      if (!tensor.ok()) return tensor.status();
      table.AddRow(TensorRow(input, result, states.layer(), *tensor));
    }
    if (result.has_logits()) {
      absl::StatusOr<TensorView> tensor = DecodeMatrix(result.logits());
      if (!tensor.ok()) return tensor.status();
      table.AddRow(TensorRow(input, result, "logits", *tensor));
      absl::StrAppend(&top_tokens, TopTokensTable(input, *tensor));
    }
  }
  return absl::StrCat(table.ToString(), top_tokens, "\n", TimingLine(response.timing(), round_trip));
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
  return json.dump() + "\n";
}

}  // namespace attnd::client
