#include "client/ctl/top_tokens_output.h"

#include <cstddef>
#include <utility>

#include "absl/container/btree_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/ctl/text_output.h"
#include "client/text_table.h"

namespace attnd::client {
namespace {

absl::Status CheckTopTokens(const v1::TopTokens& top) {
  if (top.logits_size() == top.ids_size() && top.log_probabilities_size() == top.ids_size()) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("the server sent ", top.ids_size(), " likely tokens, ", top.logits_size(),
                                          " logits and ", top.log_probabilities_size(), " log-probabilities"));
}

std::string TopTokensTable(const v1::TopTokens& top, const TextById& texts) {
  TextTable table({{"rank", Align::kRight},
                   {"id", Align::kRight},
                   {"logit", Align::kRight},
                   {"log-probability", Align::kRight},
                   {"text"}});
  for (int i = 0; i < top.ids_size(); ++i) {
    const auto text = texts.find(top.ids(i));
    table.AddRow({absl::StrCat(i + 1), absl::StrCat(top.ids(i)), absl::StrFormat("%.4f", top.logits(i)),
                  absl::StrFormat("%.4f", top.log_probabilities(i)), text == texts.end() ? "" : text->second});
  }
  return table.ToString();
}

}  // namespace

v1::DetokenizeRequest DetokenizeRequestFor(const v1::ForwardResponse& response, uint32_t token_count) {
  absl::btree_set<uint32_t> ids;
  for (const v1::ForwardResult& result : response.results()) {
    for (const v1::TopTokens& top : result.top_k()) ids.insert(top.ids().begin(), top.ids().end());
  }
  v1::DetokenizeRequest request;
  request.mutable_ids()->Add(ids.begin(), ids.lower_bound(token_count));
  return request;
}

absl::StatusOr<TextById> ReadTexts(const v1::DetokenizeRequest& request, const v1::DetokenizeResponse& response) {
  absl::StatusOr<TokenTexts> texts = SplitText(response);
  if (!texts.ok()) return texts.status();
  if (texts->size() != static_cast<size_t>(request.ids_size())) {
    return absl::InternalError(
        absl::StrCat("the server sent the texts of ", texts->size(), " tokens for ", request.ids_size()));
  }
  TextById by_id;
  for (int i = 0; i < request.ids_size(); ++i) by_id[request.ids(i)] = std::move((*texts)[static_cast<size_t>(i)]);
  return by_id;
}

absl::StatusOr<std::string> TopTokensTables(const v1::ForwardResponse& response, const TextById& texts) {
  std::string tables;
  for (int input = 0; input < response.results_size(); ++input) {
    for (const v1::TopTokens& top : response.results(input).top_k()) {
      if (absl::Status status = CheckTopTokens(top); !status.ok()) return status;
      absl::StrAppend(&tables, "Likeliest tokens after position ", top.position(), " of input ", input, "\n",
                      TopTokensTable(top, texts), "\n");
    }
  }
  return tables;
}

absl::StatusOr<nlohmann::ordered_json> TopTokensJson(const v1::ForwardResult& result) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const v1::TopTokens& top : result.top_k()) {
    if (absl::Status status = CheckTopTokens(top); !status.ok()) return status;
    json.push_back({{"position", top.position()},
                    {"ids", top.ids()},
                    {"logits", top.logits()},
                    {"log_probabilities", top.log_probabilities()}});
  }
  return json;
}

}  // namespace attnd::client
