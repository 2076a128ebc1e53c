#include "engine/text/added_tokens.h"

#include "absl/strings/match.h"

namespace attnd {

void AddedTokens::Add(absl::string_view content, int32_t id) {
  uint32_t node = 0;
  for (const char byte : content) {
    node = edges_.try_emplace(EdgeKey(node, byte), static_cast<uint32_t>(edges_.size()) + 1).first->second;
  }
  ids_[node] = id;
  if (!absl::StrContains(first_bytes_, content[0])) first_bytes_.push_back(content[0]);
}

std::optional<AddedTokens::Match> AddedTokens::Find(absl::string_view text) const {
  if (first_bytes_.empty()) return std::nullopt;
  for (size_t begin = text.find_first_of(first_bytes_); begin != absl::string_view::npos;
       begin = text.find_first_of(first_bytes_, begin + 1)) {
    if (const auto match = FindAt(text, begin)) return match;
  }
  return std::nullopt;
}

std::optional<AddedTokens::Match> AddedTokens::FindAt(absl::string_view text, size_t begin) const {
  std::optional<Match> longest;
  uint32_t node = 0;
  for (size_t end = begin; end < text.size();) {
    const auto edge = edges_.find(EdgeKey(node, text[end]));
    if (edge == edges_.end()) break;
    node = edge->second;
    ++end;
    if (const auto id = ids_.find(node); id != ids_.end()) {
      longest = Match{.begin = begin, .byte_count = end - begin, .id = id->second};
    }
  }
  return longest;
}

}  // namespace attnd
