#include "client/ctl/terminal_text.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "engine/text/utf8.h"

namespace attnd::client {
namespace {

bool IsContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80; }

// The character that `text`, not empty, begins with; one byte where that begins none.
absl::string_view FirstCharacter(absl::string_view text) {
  constexpr size_t kMaxBytes = 4;
  size_t length = 1;
  while (length < std::min(text.size(), kMaxBytes) && IsContinuation(text[length])) ++length;
  return text.substr(0, std::max<size_t>(1, ValidUtf8Length(text.substr(0, length))));
}

// Of ASCII, and U+0080 to U+009F.
bool IsControl(absl::string_view character) {
  if (character.size() == 1) return absl::ascii_iscntrl(static_cast<unsigned char>(character[0]));
  return character.size() == 2 && character[0] == '\xc2' && static_cast<unsigned char>(character[1]) < 0xA0;
}

bool IsShown(absl::string_view character) {
  return ValidUtf8Length(character) == character.size() && !IsControl(character);
}

}  // namespace

std::string TerminalText(absl::string_view text, size_t max_characters) {
  std::string shown;
  for (size_t count = 0; !text.empty(); ++count) {
    if (count == max_characters) return absl::StrCat(shown, "...");
    const absl::string_view character = FirstCharacter(text);
    text.remove_prefix(character.size());
    if (IsShown(character)) {
      absl::StrAppend(&shown, character);
    } else {
      for (const char byte : character) {
        absl::StrAppend(&shown, "\\x", absl::BytesToHexString(absl::string_view(&byte, 1)));
      }
    }
  }
  return shown;
}

std::string QuotedText(absl::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const absl::string_view character = FirstCharacter(text);
    text.remove_prefix(character.size());
    const bool plain = IsShown(character) && character != "\"" && character != "\\";
    absl::StrAppend(&quoted, plain ? std::string(character) : absl::CHexEscape(character));
  }
  return absl::StrCat(quoted, "\"");
}

}  // namespace attnd::client
