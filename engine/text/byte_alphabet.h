// The letters that GPT-2's vocabulary writes bytes with.
//
// A token is any string of bytes; its files hold text. So each byte has a letter: printable bytes of Latin-1 that are
// not spaces stand for themselves, the others, in order, for U+0100, U+0101, ... A space is U+0120, a line feed U+010A.
// Source: bytes_to_unicode in GPT-2's encoder.py.

#ifndef ENGINE_TEXT_BYTE_ALPHABET_H_
#define ENGINE_TEXT_BYTE_ALPHABET_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace attnd {

// The letter of `byte`, in UTF-8.
std::string LetterOf(uint8_t byte);

// The bytes that `letters`, in UTF-8, stand for. A text with a character that is no letter stands for itself, as it
// does in Hugging Face's decoder. Threads: any.
std::string BytesOf(absl::string_view letters);

}  // namespace attnd

#endif  // ENGINE_TEXT_BYTE_ALPHABET_H_
