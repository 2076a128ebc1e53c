// Byte pair encoding of one word.

#ifndef ENGINE_TEXT_BYTE_PAIR_ENCODER_H_
#define ENGINE_TEXT_BYTE_PAIR_ENCODER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/text/merge_queue.h"

namespace attnd {

// What a vocabulary and its merges are in Hugging Face's files: tokens in the letters of byte_alphabet.h.
struct Vocabulary {
  absl::flat_hash_map<std::string, int32_t> ids;            // by token, each id once
  std::vector<std::pair<std::string, std::string>> merges;  // the most urgent first
};

// A word begins as its bytes. As long as there are neighbours with a merge, those whose merge comes first in the list,
// the leftmost of them, become one token. Words of n bytes take O(n log n) steps.
//
// Threads: any, each with its own Workspace.
class BytePairEncoder {
 public:
  // Receives a token of a word, and how many of its bytes it is.
  using Take = absl::FunctionRef<void(int32_t id, uint32_t byte_count)>;

  // What a word is worked on with. Grows with the longest word and keeps its memory: 16 bytes a byte of the word, and
  // 8 a merge that waits.
  class Workspace {
    friend class BytePairEncoder;
    struct Symbol {
      int32_t id = 0;
      uint32_t rank = 0;  // of the merge with the next one; kNoMerge: none, or it is part of the one before
      uint32_t next = 0;  // where the next one begins; the word's length for the last
      uint32_t previous = 0;
    };
    std::vector<Symbol> symbols;  // one for each byte
    MergeQueue queue;
    std::vector<uint64_t> keys;  // rank << 32 | place: of one rank; or a binary heap, in place of the queue
  };

  // Errors: DATA_LOSS when a byte has no token, when a merge is there twice, or when its parts or its result are not in
  // the vocabulary.
  static absl::StatusOr<BytePairEncoder> Create(const Vocabulary& vocabulary);

  // Calls `take` with the tokens of `word`, in order. It has less than 2^31 bytes.
  void Encode(absl::string_view word, Workspace& workspace, Take take) const;

 private:
  using Symbol = Workspace::Symbol;

  static constexpr uint32_t kNoMerge = UINT32_MAX;

  absl::Status AddBytes(const Vocabulary& vocabulary);
  absl::Status AddMerges(const Vocabulary& vocabulary);
  // Whether no merge comes before one that makes a part of it, as is so where they are in the order of learning.
  bool MergesAreOrdered(const Vocabulary& vocabulary) const;
  void AddWholeWords(const Vocabulary& vocabulary);

  uint32_t RankOf(int32_t left, int32_t right) const;
  // Looks up the merge of the symbol at `place` with the next one. Whether there is one.
  bool SetRank(std::vector<Symbol>& symbols, uint32_t place) const;
  // Makes the merge that was looked up.
  void MergeAt(std::vector<Symbol>& symbols, uint32_t place) const;
  void MakeMerges(Workspace& workspace) const;
  void MakeUnorderedMerges(Workspace& workspace) const;
  void EncodeByMerges(absl::string_view word, Workspace& workspace, Take take) const;

  std::array<int32_t, 256> byte_ids_ = {};
  absl::flat_hash_map<uint64_t, uint32_t> ranks_;  // of merges, by left id << 32 | right id
  std::vector<int32_t> merged_ids_;                // by rank
  bool ordered_ = true;
  // What merges make of these words is one token: most words of a text, found in one step.
  absl::flat_hash_map<std::string, int32_t> whole_words_;
  size_t longest_whole_word_ = 0;
};

}  // namespace attnd

#endif  // ENGINE_TEXT_BYTE_PAIR_ENCODER_H_
