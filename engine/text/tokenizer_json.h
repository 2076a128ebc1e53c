// What tokenizer.json, vocab.json and merges.txt say.

#ifndef ENGINE_TEXT_TOKENIZER_JSON_H_
#define ENGINE_TEXT_TOKENIZER_JSON_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/text/tokenizer.h"

namespace attnd {

// GPT-2's take 3.6 MB in the longer form, of 200,000 values.
inline constexpr size_t kMaxTokenizerBytes = size_t{32} << 20;

// Time and memory are proportional to the texts, which must have at most kMaxTokenizerBytes. What passes is not checked
// any further than Tokenizer::Create does. Errors begin with `what`, the name of the file, and name the key: DATA_LOSS
// for what no tokenizer is; UNIMPLEMENTED for a tokenizer of another kind than byte-level BPE, or one that wants done
// what is not done here. "truncation" and "padding" are settings of a call and are left to it. Threads: any.
absl::StatusOr<TokenizerDefinition> ParseTokenizerJson(absl::string_view text, absl::string_view what);

// The older form. "<|endoftext|>" is an added token where the vocabulary has it.
absl::StatusOr<TokenizerDefinition> ParseVocabularyAndMerges(absl::string_view vocabulary,
                                                             absl::string_view vocabulary_name,
                                                             absl::string_view merges, absl::string_view merges_name);

// Of a folder in the older form, the text of an added_tokens.json: tokens and ids, all of which `vocabulary` must have.
// What others are like, whether they take spaces with them, is said elsewhere: UNIMPLEMENTED.
absl::Status CheckAddedTokens(absl::string_view text, absl::string_view what, const Vocabulary& vocabulary);

}  // namespace attnd

#endif  // ENGINE_TEXT_TOKENIZER_JSON_H_
