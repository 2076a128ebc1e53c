#include "client/ctl/score_output.h"

#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/ctl/tensor_view.h"
#include "client/ctl/timing_output.h"
#include "client/json_line.h"
#include "client/text_table.h"
#include "nlohmann/json.hpp"

namespace attnd::client {
namespace {

absl::Status CheckScores(const v1::ForwardResponse& response) {
  for (const v1::ForwardResult& result : response.results()) {
    const v1::TokenLogProbabilities& scores = result.token_log_probabilities();
    if (scores.token_ids_size() >= 1 && scores.log_probabilities_size() == scores.token_ids_size() - 1) continue;
    return absl::InternalError(absl::StrCat("the server sent ", scores.log_probabilities_size(),
                                            " log-probabilities of ", scores.token_ids_size(), " tokens"));
  }
  return absl::OkStatus();
}

// Nothing for a single token.
std::optional<double> Perplexity(const v1::TokenLogProbabilities& scores) {
  if (scores.log_probabilities().empty()) return std::nullopt;
  return std::exp(-scores.sum() / scores.log_probabilities_size());
}

std::string FormatPerplexity(const std::optional<double>& perplexity) {
  return perplexity ? absl::StrFormat("%.2f", *perplexity) : "-";
}

std::string TokensOf(const v1::TokenLogProbabilities& scores, const TokenTexts& texts) {
  TextTable table({{"token", Align::kRight}, {"id", Align::kRight}, {"log-probability", Align::kRight}, {"text"}});
  for (int i = 0; i < scores.token_ids_size(); ++i) {
    const auto at = static_cast<size_t>(i);
    table.AddRow({absl::StrCat(i), absl::StrCat(scores.token_ids(i)),
                  i == 0 ? "-" : absl::StrFormat("%.4f", scores.log_probabilities(i - 1)),
                  at < texts.size() ? texts[at] : ""});
  }
  return table.ToString();
}

}  // namespace

absl::StatusOr<std::string> ScoreTable(const v1::ForwardResponse& response, absl::Duration round_trip) {
  if (absl::Status status = CheckScores(response); !status.ok()) return status;
  TextTable table({{"input", Align::kRight},
                   {"tokens", Align::kRight},
                   {"log-probability", Align::kRight},
                   {"perplexity", Align::kRight}});
  for (int input = 0; input < response.results_size(); ++input) {
    const v1::ForwardResult& result = response.results(input);
    const v1::TokenLogProbabilities& scores = result.token_log_probabilities();
    table.AddRow({absl::StrCat(input), FormatTokenCount(result.token_count(), result.truncated_from()),
                  absl::StrFormat("%.4f", scores.sum()), FormatPerplexity(Perplexity(scores))});
  }
  return absl::StrCat(table.ToString(), "\n", TimingLine(response.timing(), round_trip));
}

absl::StatusOr<std::string> TokenScoresTable(const v1::ForwardResponse& response, absl::Span<const TokenTexts> texts) {
  if (absl::Status status = CheckScores(response); !status.ok()) return status;
  std::string tables;
  for (int input = 0; input < response.results_size(); ++input) {
    absl::StrAppend(&tables, "Tokens of input ", input, "\n",
                    TokensOf(response.results(input).token_log_probabilities(), texts[static_cast<size_t>(input)]),
                    "\n");
  }
  return tables;
}

absl::StatusOr<std::string> ScoreJson(const v1::ForwardResponse& response, absl::Duration round_trip) {
  if (absl::Status status = CheckScores(response); !status.ok()) return status;
  nlohmann::ordered_json json = {{"results", nlohmann::ordered_json::array()}};
  for (const v1::ForwardResult& result : response.results()) {
    const v1::TokenLogProbabilities& scores = result.token_log_probabilities();
    nlohmann::ordered_json entry = {{"token_count", result.token_count()},
                                    {"truncated_from", result.truncated_from()},
                                    {"sum", scores.sum()},
                                    {"perplexity", nullptr},
                                    {"token_ids", scores.token_ids()},
                                    {"log_probabilities", scores.log_probabilities()}};
    if (const auto perplexity = Perplexity(scores)) entry["perplexity"] = *perplexity;
    json["results"].push_back(std::move(entry));
  }
  json["model_version"] = response.model_version();
  json["timing"] = TimingJson(response.timing(), round_trip);
  return JsonLine(json);
}

}  // namespace attnd::client
