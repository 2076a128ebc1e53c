// Cuts text into the words that byte pair encoding treats one by one.

#ifndef ENGINE_TEXT_WORD_SPLITTER_H_
#define ENGINE_TEXT_WORD_SPLITTER_H_

#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

// PCRE2's compiled pattern, so that its header stays out of ours.
struct pcre2_real_code_8;

namespace attnd {

// GPT-2's pattern: 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//
// \s is Unicode's White_Space, as in Python's and Rust's regular expressions; PCRE2's own differs by U+180E. No word
// needs memory or steps beyond its length, however the text is made.
class WordSplitter {
 public:
  // Whether PCRE2 may compile the pattern to machine code; where the system forbids it, it is interpreted in any case.
  enum class Jit { kOn, kOff };

  // Errors: INTERNAL when PCRE2 has no Unicode or refuses the pattern.
  static absl::StatusOr<WordSplitter> Create(Jit jit = Jit::kOn);

  // Calls `take` with every word, in order; together they are `text`, which must be UTF-8. Errors: INTERNAL when PCRE2
  // fails, such as for want of memory. Threads: any.
  absl::Status Split(absl::string_view text, absl::FunctionRef<void(absl::string_view)> take) const;

 private:
  struct Free {
    void operator()(pcre2_real_code_8* code) const;
  };

  explicit WordSplitter(pcre2_real_code_8* code) : code_(code) {}

  std::unique_ptr<pcre2_real_code_8, Free> code_;
};

}  // namespace attnd

#endif  // ENGINE_TEXT_WORD_SPLITTER_H_
