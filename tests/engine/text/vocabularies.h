// Small vocabularies for tests.

#ifndef TESTS_ENGINE_TEXT_VOCABULARIES_H_
#define TESTS_ENGINE_TEXT_VOCABULARIES_H_

#include <initializer_list>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "engine/text/tokenizer.h"
#include "nlohmann/json.hpp"

namespace attnd {

// Bytes are tokens 0 to 255; what the merges, of letters, make has ids from 256 on, in their order.
Vocabulary VocabularyOf(std::initializer_list<std::pair<absl::string_view, absl::string_view>> merges);

// The same with these added tokens, ids going on.
TokenizerDefinition DefinitionOf(std::initializer_list<std::pair<absl::string_view, absl::string_view>> merges,
                                 std::initializer_list<absl::string_view> added_tokens = {});

// tokenizer.json of `definition`, as GPT-2's is written.
nlohmann::json TokenizerJson(const TokenizerDefinition& definition);

}  // namespace attnd

#endif  // TESTS_ENGINE_TEXT_VOCABULARIES_H_
