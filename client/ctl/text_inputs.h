// The inputs of a command line, token ids or text.
//
// Errors: INVALID_ARGUMENT naming what cannot be an input; NOT_FOUND for a file that cannot be read.

#ifndef CLIENT_CTL_TEXT_INPUTS_H_
#define CLIENT_CTL_TEXT_INPUTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "attnd/v1/inference.pb.h"

namespace attnd::client {

// How the flags say that inputs are given.
struct InputSources {
  bool is_text = false;    // the arguments are texts, not token ids
  std::string text_file;   // all of it is one more text; "-": standard input; empty: none
  std::string text_lines;  // each line of it is one more text; likewise
  bool is_bytes = false;   // texts may be any bytes, not UTF-8 alone
};

// One input of text that CheckText lets pass.
v1::Input TextInput(absl::string_view text, bool is_bytes);

// The arguments' inputs, then those of the files.
absl::StatusOr<std::vector<v1::Input>> CollectInputs(absl::Span<const std::string> arguments,
                                                     const InputSources& sources);

// The bytes of an input of text.
const std::string& InputText(const v1::Input& input);

// Asks for its tokens.
v1::TokenizeRequest TokenizeRequestFor(const v1::Input& input);

}  // namespace attnd::client

#endif  // CLIENT_CTL_TEXT_INPUTS_H_
