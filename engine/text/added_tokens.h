// Tokens that are cut out of a text before anything else is done with it, such as "<|endoftext|>".

#ifndef ENGINE_TEXT_ADDED_TOKENS_H_
#define ENGINE_TEXT_ADDED_TOKENS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace attnd {

// Finds the leftmost, and of those that begin there the longest. Threads: Add by one; then Find by any.
class AddedTokens {
 public:
  struct Match {
    size_t begin = 0;
    size_t byte_count = 0;
    int32_t id = 0;
  };

  // `content` is not empty.
  void Add(absl::string_view content, int32_t id);

  // Takes at most as many steps a byte of what it passes as the longest token has bytes.
  std::optional<Match> Find(absl::string_view text) const;

 private:
  // Nodes of a tree of prefixes are numbered as they are made; 0 is the empty one.
  static uint64_t EdgeKey(uint32_t node, char byte) { return (uint64_t{node} << 8U) | static_cast<uint8_t>(byte); }

  std::optional<Match> FindAt(absl::string_view text, size_t begin) const;

  absl::flat_hash_map<uint64_t, uint32_t> edges_;  // by EdgeKey
  absl::flat_hash_map<uint32_t, int32_t> ids_;     // by the node a token ends in
  std::string first_bytes_;                        // of any token, each once
};

}  // namespace attnd

#endif  // ENGINE_TEXT_ADDED_TOKENS_H_
