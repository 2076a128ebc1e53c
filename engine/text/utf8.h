// Which bytes are UTF-8.

#ifndef ENGINE_TEXT_UTF8_H_
#define ENGINE_TEXT_UTF8_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace attnd {

// How many bytes at the beginning of `bytes` are whole characters of UTF-8, as RFC 3629 has it: none in more bytes than
// it needs, no surrogates, none above U+10FFFF. All of them iff it is UTF-8. Threads: any.
size_t ValidUtf8Length(absl::string_view bytes);

// How many bytes at the beginning of `bytes` come before the first that begins a character. Threads: any.
size_t InvalidUtf8Length(absl::string_view bytes);

}  // namespace attnd

#endif  // ENGINE_TEXT_UTF8_H_
