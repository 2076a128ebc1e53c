// The tokenizer that lies in a checkpoint's folder.

#ifndef ENGINE_TEXT_TOKENIZER_FILES_H_
#define ENGINE_TEXT_TOKENIZER_FILES_H_

#include <string>

#include "absl/status/statusor.h"
#include "engine/text/tokenizer.h"

namespace attnd {

// Reads tokenizer.json, or where there is none vocab.json and merges.txt. Threads: any. Errors begin with the path of
// the file: NOT_FOUND naming the files that are missing; UNIMPLEMENTED naming the key for a tokenizer of a kind that is
// not supported; DATA_LOSS for one that is broken; those of ReadWholeFile.
absl::StatusOr<Tokenizer> LoadTokenizer(const std::string& folder);

}  // namespace attnd

#endif  // ENGINE_TEXT_TOKENIZER_FILES_H_
