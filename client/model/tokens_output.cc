#include "client/model/tokens_output.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/json_line.h"
#include "client/text_table.h"
#include "engine/files/json.h"
#include "nlohmann/json.hpp"

namespace attnd::client {
namespace {

std::string TextTokens(const TokenizedText& tokenized) {
  const Encoding& encoding = tokenized.encoding;
  TextTable table({{"id", Align::kRight}, {"bytes", Align::kRight}, {"token"}});
  for (size_t i = 0; i < encoding.ids.size(); ++i) {
    const auto& [begin, end] = encoding.ranges[i];
    table.AddRow({absl::StrCat(encoding.ids[i]), absl::StrCat(begin, "-", end),
                  Quote(tokenized.text.substr(begin, end - begin))});
  }
  return absl::StrCat(table.ToString(), absl::StrJoin(encoding.ids, ","), "\n");
}

}  // namespace

std::string TokensTable(absl::Span<const TokenizedText> texts) {
  return absl::StrJoin(texts, "\n", [](std::string* out, const TokenizedText& text) { *out += TextTokens(text); });
}

std::string TokensJson(absl::Span<const TokenizedText> texts) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const TokenizedText& text : texts) {
    nlohmann::ordered_json ranges = nlohmann::ordered_json::array();
    for (const auto& [begin, end] : text.encoding.ranges) ranges.push_back({begin, end});
    list.push_back({{"ids", text.encoding.ids}, {"byte_ranges", ranges}});
  }
  return JsonLine({{"texts", list}});
}

}  // namespace attnd::client
