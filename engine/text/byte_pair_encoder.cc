#include "engine/text/byte_pair_encoder.h"

#include <algorithm>
#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/files/json.h"
#include "engine/text/byte_alphabet.h"

namespace attnd {
namespace {

uint64_t PairKey(int32_t left, int32_t right) {
  return (uint64_t{static_cast<uint32_t>(left)} << 32U) | static_cast<uint32_t>(right);
}

}  // namespace

absl::StatusOr<BytePairEncoder> BytePairEncoder::Create(const Vocabulary& vocabulary) {
  BytePairEncoder encoder;
  if (absl::Status status = encoder.AddBytes(vocabulary); !status.ok()) return status;
  if (absl::Status status = encoder.AddMerges(vocabulary); !status.ok()) return status;
  encoder.ordered_ = encoder.MergesAreOrdered(vocabulary);
  encoder.AddWholeWords(vocabulary);
  return encoder;
}

absl::Status BytePairEncoder::AddBytes(const Vocabulary& vocabulary) {
  for (size_t byte = 0; byte < byte_ids_.size(); ++byte) {
    const std::string letter = LetterOf(static_cast<uint8_t>(byte));
    const auto found = vocabulary.ids.find(letter);
    if (found == vocabulary.ids.end()) {
      return absl::DataLossError(
          absl::StrFormat("the vocabulary has no token %s for byte 0x%02x", Quote(letter), byte));
    }
    byte_ids_[byte] = found->second;
  }
  return absl::OkStatus();
}

absl::Status BytePairEncoder::AddMerges(const Vocabulary& vocabulary) {
  ranks_.reserve(vocabulary.merges.size());
  merged_ids_.reserve(vocabulary.merges.size());
  for (const auto& merge : vocabulary.merges) {
    const std::string& left = merge.first;
    const std::string& right = merge.second;
    const auto rank = static_cast<uint32_t>(merged_ids_.size());
    const auto wrong = [&](const std::string& token, absl::string_view what) {
      return absl::DataLossError(
          absl::StrCat("merge ", rank, ", ", Quote(left), " and ", Quote(right), ": ", Quote(token), " ", what));
    };
    const auto left_id = vocabulary.ids.find(left);
    if (left_id == vocabulary.ids.end()) return wrong(left, "is not in the vocabulary");
    const auto right_id = vocabulary.ids.find(right);
    if (right_id == vocabulary.ids.end()) return wrong(right, "is not in the vocabulary");
    const std::string merged = left + right;
    const auto merged_id = vocabulary.ids.find(merged);
    if (merged_id == vocabulary.ids.end()) return wrong(merged, "is not in the vocabulary");
    if (!ranks_.emplace(PairKey(left_id->second, right_id->second), rank).second) {
      return wrong(merged, "is made by the same merge before");
    }
    merged_ids_.push_back(merged_id->second);
  }
  return absl::OkStatus();
}

bool BytePairEncoder::MergesAreOrdered(const Vocabulary& vocabulary) const {
  absl::flat_hash_map<int32_t, uint32_t> last_makers;  // ranks, by what they make
  for (uint32_t rank = 0; rank < merged_ids_.size(); ++rank) last_makers[merged_ids_[rank]] = rank;
  const auto is_made_by = [&](const std::string& token, uint32_t rank) {
    const auto maker = last_makers.find(vocabulary.ids.find(token)->second);
    return maker == last_makers.end() || maker->second < rank;
  };
  for (uint32_t rank = 0; rank < merged_ids_.size(); ++rank) {
    const auto& [left, right] = vocabulary.merges[rank];
    if (!is_made_by(left, rank) || !is_made_by(right, rank)) return false;
  }
  return true;
}

void BytePairEncoder::AddWholeWords(const Vocabulary& vocabulary) {
  Workspace workspace;
  for (const auto& [letters, id] : vocabulary.ids) {
    std::string word = BytesOf(letters);
    bool is_whole = false;
    EncodeByMerges(word, workspace, [&, whole = id](int32_t token, uint32_t byte_count) {
      is_whole = token == whole && byte_count == word.size();
    });
    if (!is_whole) continue;
    longest_whole_word_ = std::max(longest_whole_word_, word.size());
    whole_words_.emplace(std::move(word), id);
  }
}

void BytePairEncoder::Encode(absl::string_view word, Workspace& workspace, Take take) const {
  if (word.size() <= longest_whole_word_) {
    if (const auto found = whole_words_.find(word); found != whole_words_.end()) {
      return take(found->second, static_cast<uint32_t>(word.size()));
    }
  }
  EncodeByMerges(word, workspace, take);
}

void BytePairEncoder::EncodeByMerges(absl::string_view word, Workspace& workspace, Take take) const {
  const auto length = static_cast<uint32_t>(word.size());
  auto& symbols = workspace.symbols;
  symbols.resize(word.size());
  for (uint32_t i = 0; i < length; ++i) {
    symbols[i] = {.id = byte_ids_[static_cast<uint8_t>(word[i])], .next = i + 1, .previous = i - 1};
  }
  ordered_ ? MakeMerges(workspace) : MakeUnorderedMerges(workspace);
  for (uint32_t i = 0; i < length; i = symbols[i].next) take(symbols[i].id, symbols[i].next - i);
}

void BytePairEncoder::MakeMerges(Workspace& workspace) const {
  auto& symbols = workspace.symbols;
  MergeQueue& queue = workspace.queue;
  auto& keys = workspace.keys;
  const auto length = static_cast<uint32_t>(symbols.size());
  const auto consider = [&](uint32_t place) {
    if (SetRank(symbols, place)) queue.Push(symbols[place].rank, place);
  };
  for (uint32_t place = 0; place < length; ++place) consider(place);
  while (queue.PopRank(keys)) {
    // What was to be merged somewhere may have been merged with something else since.
    size_t merge_count = 0;
    for (const uint64_t key : keys) {
      const auto place = static_cast<uint32_t>(key);
      if (symbols[place].rank != key >> 32U) continue;
      MergeAt(symbols, place);
      keys[merge_count++] = key;
    }
    keys.resize(merge_count);
    // New neighbours have merges of higher ranks, so all of this rank could be made first.
    uint32_t considered = length;
    for (const uint64_t key : keys) {
      const auto place = static_cast<uint32_t>(key);
      if (place > 0 && symbols[place].previous != considered) consider(symbols[place].previous);
      consider(place);
      considered = place;
    }
  }
}

void BytePairEncoder::MakeUnorderedMerges(Workspace& workspace) const {
  auto& symbols = workspace.symbols;
  auto& waiting = workspace.keys;
  const auto consider = [&](uint32_t place) {
    if (!SetRank(symbols, place)) return;
    waiting.push_back((uint64_t{symbols[place].rank} << 32U) | place);
    std::push_heap(waiting.begin(), waiting.end(), std::greater<>());
  };
  for (uint32_t place = 0; place < symbols.size(); ++place) consider(place);
  while (!waiting.empty()) {
    std::pop_heap(waiting.begin(), waiting.end(), std::greater<>());
    const uint64_t first = waiting.back();
    waiting.pop_back();
    const auto place = static_cast<uint32_t>(first);
    if (symbols[place].rank != first >> 32U) continue;
    MergeAt(symbols, place);
    if (place > 0) consider(symbols[place].previous);
    consider(place);
  }
}

uint32_t BytePairEncoder::RankOf(int32_t left, int32_t right) const {
  const auto found = ranks_.find(PairKey(left, right));
  return found == ranks_.end() ? kNoMerge : found->second;
}

bool BytePairEncoder::SetRank(std::vector<Symbol>& symbols, uint32_t place) const {
  Symbol& symbol = symbols[place];
  symbol.rank = symbol.next == symbols.size() ? kNoMerge : RankOf(symbol.id, symbols[symbol.next].id);
  return symbol.rank != kNoMerge;
}

void BytePairEncoder::MergeAt(std::vector<Symbol>& symbols, uint32_t place) const {
  Symbol& left = symbols[place];
  Symbol& right = symbols[left.next];
  left.id = merged_ids_[std::exchange(left.rank, kNoMerge)];
  left.next = right.next;
  right.rank = kNoMerge;
  if (left.next < symbols.size()) symbols[left.next].previous = place;
}

}  // namespace attnd
