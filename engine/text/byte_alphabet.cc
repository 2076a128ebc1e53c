#include "engine/text/byte_alphabet.h"

#include <array>
#include <cstddef>

namespace attnd {
namespace {

constexpr size_t kByteCount = 256;

constexpr bool StandsForItself(size_t byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || (byte >= 0xAE && byte <= 0xFF);
}

// Code points of the letters, by byte. All are below U+0144, so that UTF-8 has them in one or two bytes.
constexpr std::array<uint16_t, kByteCount> MakeLetters() {
  std::array<uint16_t, kByteCount> letters = {};
  uint16_t next = 0x100;
  for (size_t byte = 0; byte < kByteCount; ++byte) {
    letters[byte] = StandsForItself(byte) ? static_cast<uint16_t>(byte) : next++;
  }
  return letters;
}

constexpr std::array<uint16_t, kByteCount> kLetters = MakeLetters();
constexpr size_t kLetterEnd = 0x144;

// Bytes by code point; -1 where there is none.
constexpr std::array<int16_t, kLetterEnd> MakeBytes() {
  std::array<int16_t, kLetterEnd> bytes = {};
  bytes.fill(-1);
  for (size_t byte = 0; byte < kByteCount; ++byte) bytes[kLetters[byte]] = static_cast<int16_t>(byte);
  return bytes;
}

constexpr std::array<int16_t, kLetterEnd> kBytes = MakeBytes();

// The character of one or two bytes that `text` begins with is taken off it; kLetterEnd for any other.
size_t TakeCodePoint(absl::string_view& text) {
  const auto first = static_cast<uint8_t>(text[0]);
  if (first < 0x80) {
    text.remove_prefix(1);
    return first;
  }
  if ((first & 0xE0U) != 0xC0 || text.size() < 2) return kLetterEnd;
  const size_t code_point = (size_t{first & 0x1FU} << 6U) | (static_cast<uint8_t>(text[1]) & 0x3FU);
  text.remove_prefix(2);
  return code_point;
}

}  // namespace

std::string LetterOf(uint8_t byte) {
  const uint16_t letter = kLetters[byte];
  if (letter < 0x80) return std::string(1, static_cast<char>(letter));
  return {static_cast<char>(0xC0U | (letter >> 6U)), static_cast<char>(0x80U | (letter & 0x3FU))};
}

std::string BytesOf(absl::string_view letters) {
  std::string bytes;
  bytes.reserve(letters.size());
  for (absl::string_view rest = letters; !rest.empty();) {
    const size_t code_point = TakeCodePoint(rest);
    if (code_point >= kLetterEnd || kBytes[code_point] < 0) return std::string(letters);
    bytes.push_back(static_cast<char>(kBytes[code_point]));
  }
  return bytes;
}

}  // namespace attnd
