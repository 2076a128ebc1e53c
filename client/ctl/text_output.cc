#include "client/ctl/text_output.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "client/ctl/terminal_text.h"
#include "client/json_line.h"
#include "client/text_table.h"
#include "nlohmann/json.hpp"

namespace attnd::client {
namespace {

absl::Status CheckRanges(const v1::TokenizeResponse& response) {
  if (response.begins_size() == response.ids_size() && response.ends_size() == response.ids_size()) {
    return absl::OkStatus();
  }
  return absl::InternalError(absl::StrCat("the server sent ", response.ids_size(), " ids, ", response.begins_size(),
                                          " begins and ", response.ends_size(), " ends"));
}

absl::StatusOr<std::string> QuotedToken(absl::string_view text, int token, uint32_t begin, uint32_t end) {
  if (begin > end || end > text.size()) {
    return absl::InternalError(absl::StrCat("the server sent token ", token, " from byte ", begin, " to ", end,
                                            " of a text of ", text.size()));
  }
  return QuotedText(text.substr(begin, end - begin));
}

}  // namespace

absl::StatusOr<TokenTexts> SplitText(absl::string_view text, const v1::TokenizeResponse& response) {
  if (absl::Status status = CheckRanges(response); !status.ok()) return status;
  TokenTexts texts;
  for (int i = 0; i < response.ids_size(); ++i) {
    absl::StatusOr<std::string> token = QuotedToken(text, i, response.begins(i), response.ends(i));
    if (!token.ok()) return token.status();
    texts.push_back(*std::move(token));
  }
  return texts;
}

absl::StatusOr<TokenTexts> SplitText(const v1::DetokenizeResponse& response) {
  const std::string text = TextOf(response);
  TokenTexts texts;
  uint32_t begin = 0;
  for (int i = 0; i < response.ends_size(); ++i) {
    absl::StatusOr<std::string> token = QuotedToken(text, i, begin, response.ends(i));
    if (!token.ok()) return token.status();
    texts.push_back(*std::move(token));
    begin = response.ends(i);
  }
  return texts;
}

absl::StatusOr<std::string> TokensTable(absl::string_view text, const v1::TokenizeResponse& response) {
  const absl::StatusOr<TokenTexts> texts = SplitText(text, response);
  if (!texts.ok()) return texts.status();
  TextTable table(
      {{"token", Align::kRight}, {"id", Align::kRight}, {"begin", Align::kRight}, {"end", Align::kRight}, {"text"}});
  std::string ids;
  for (int i = 0; i < response.ids_size(); ++i) {
    table.AddRow({absl::StrCat(i), absl::StrCat(response.ids(i)), absl::StrCat(response.begins(i)),
                  absl::StrCat(response.ends(i)), (*texts)[static_cast<size_t>(i)]});
    absl::StrAppend(&ids, i == 0 ? "" : ",", response.ids(i));
  }
  return absl::StrCat(table.ToString(), "\n", response.ids_size(),
                      response.ids_size() == 1 ? " token: " : " tokens: ", ids, "\n");
}

absl::StatusOr<std::string> TokensJson(const v1::TokenizeResponse& response) {
  if (absl::Status status = CheckRanges(response); !status.ok()) return status;
  const nlohmann::ordered_json json = {{"ids", response.ids()},
                                       {"begins", response.begins()},
                                       {"ends", response.ends()},
                                       {"model_version", response.model_version()}};
  return JsonLine(json);
}

std::string TextOf(const v1::DetokenizeResponse& response) {
  return response.has_text_bytes() ? response.text_bytes() : response.text();
}

std::string TextJson(const v1::DetokenizeResponse& response) {
  nlohmann::ordered_json json;
  if (response.has_text_bytes()) {
    json["text_bytes"] = absl::BytesToHexString(response.text_bytes());
  } else {
    json["text"] = response.text();
  }
  json["ends"] = response.ends();
  json["model_version"] = response.model_version();
  return JsonLine(json);
}

}  // namespace attnd::client
