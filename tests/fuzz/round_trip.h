// Text there and back, through a tokenizer of anybody.

#ifndef TESTS_FUZZ_ROUND_TRIP_H_
#define TESTS_FUZZ_ROUND_TRIP_H_

#include "absl/strings/string_view.h"
#include "engine/text/tokenizer.h"

namespace attnd {

// If `definition` is one of a tokenizer, its tokens of `text` must cover the text, and decode to it but for spaces that
// the definition adds.
void CheckRoundTrip(const TokenizerDefinition& definition, absl::string_view text);

}  // namespace attnd

#endif  // TESTS_FUZZ_ROUND_TRIP_H_
