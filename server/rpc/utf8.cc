#include "server/rpc/utf8.h"

#include "absl/strings/str_cat.h"

namespace attnd {
namespace {

constexpr size_t kMaxQuotedBytes = 64;

// Whether `byte` is the second or a later one of a character.
bool IsContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

}  // namespace

absl::string_view Utf8Prefix(absl::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  size_t length = max_bytes;
  while (length > 0 && IsContinuation(text[length])) --length;
  return text.substr(0, length);
}

std::string Quoted(absl::string_view text) { return absl::StrCat("\"", Utf8Prefix(text, kMaxQuotedBytes), "\""); }

}  // namespace attnd
