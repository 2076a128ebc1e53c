// Text of anybody, made fit for one line of a terminal.

#ifndef CLIENT_CTL_TERMINAL_TEXT_H_
#define CLIENT_CTL_TERMINAL_TEXT_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace attnd::client {

// `text` with its control characters, and what in it is not UTF-8, as "\xNN" a byte. At most `max_characters`, one of
// the former counting as one, then "...".
std::string TerminalText(absl::string_view text, size_t max_characters);

// All of `text` in quotes, written as a string of C: what does not print, or is no UTF-8, as "\n" or "\xNN".
std::string QuotedText(absl::string_view text);

}  // namespace attnd::client

#endif  // CLIENT_CTL_TERMINAL_TEXT_H_
