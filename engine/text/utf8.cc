#include "engine/text/utf8.h"

#include <cstdint>
#include <cstring>

namespace attnd {
namespace {

// How many of `bytes`, at least one byte, are ASCII from the first on.
size_t AsciiLength(absl::string_view bytes) {
  constexpr uint64_t kHighBits = 0x8080808080808080U;
  size_t length = 0;
  for (uint64_t word = 0; length + sizeof(word) <= bytes.size(); length += sizeof(word)) {
    std::memcpy(&word, bytes.data() + length, sizeof(word));
    if ((word & kHighBits) != 0) break;
  }
  while (length < bytes.size() && static_cast<uint8_t>(bytes[length]) < 0x80) ++length;
  return length;
}

bool IsContinuation(uint8_t byte) { return (byte & 0xC0U) == 0x80; }

// Bytes of the character that `bytes`, at least one, begins with; 0 if it begins with none.
size_t CharacterLength(absl::string_view bytes) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const uint8_t first = byte(0);
  size_t length = 0;
  // What the second byte may be is narrower after some first ones: RFC 3629, section 4.
  uint8_t low = 0x80;
  uint8_t high = 0xBF;
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  if (bytes.size() < length || byte(1) < low || byte(1) > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if (!IsContinuation(byte(i))) return 0;
  }
  return length;
}

}  // namespace

size_t ValidUtf8Length(absl::string_view bytes) {
  size_t length = 0;
  while (length < bytes.size()) {
    const absl::string_view rest = bytes.substr(length);
    size_t step = AsciiLength(rest);
    if (step == 0) step = CharacterLength(rest);
    if (step == 0) break;
    length += step;
  }
  return length;
}

size_t InvalidUtf8Length(absl::string_view bytes) {
  size_t length = 0;
  while (length < bytes.size() && CharacterLength(bytes.substr(length)) == 0) ++length;
  return length;
}

}  // namespace attnd
