// Rows of floats in the types that products take them in.

#ifndef ENGINE_OPS_ROW_CONVERSION_H_
#define ENGINE_OPS_ROW_CONVERSION_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace attnd {

// What turns a quantised row back: x = scale * quantised + lowest.
struct RowQuantisation {
  float scale = 0;
  float lowest = 0;
};

// A quantised row is its bytes, padded with zeros to whole cache lines, and a line that begins with its
// RowQuantisation. Rows of whole lines that are odd in number do not all share the same sets of a cache.
inline constexpr int64_t kRowAlignmentBytes = 64;

inline int64_t PaddedRowBytes(int64_t bytes) {
  return (bytes + kRowAlignmentBytes - 1) / kRowAlignmentBytes * kRowAlignmentBytes;
}

inline int64_t QuantisedRowBytes(int64_t length) { return PaddedRowBytes(length) + kRowAlignmentBytes; }

inline RowQuantisation ReadRowQuantisation(const uint8_t* row, int64_t length) {
  RowQuantisation quantisation;
  std::memcpy(&quantisation, row + PaddedRowBytes(length), sizeof(quantisation));
  return quantisation;
}

// x [rows, length] in floats, `stride` of them from row to row -> rows [rows, QuantisedRowBytes(length)], each value
// rounded to one of 256 between its row's smallest and largest. Threads: any.
void QuantiseRows(int64_t rows, int64_t length, const float* x, int64_t stride, uint8_t* quantised);

// A row in bfloat16 is padded likewise, and a line follows for the same reason. Products that write such rows for the
// next leave the padding as it is.
inline int64_t Bfloat16RowBytes(int64_t length) { return PaddedRowBytes(length * 2) + kRowAlignmentBytes; }

// x [rows, length] in floats, `stride` of them from row to row -> bfloat16, Bfloat16RowBytes(length) from row to row,
// rounded to nearest even. Threads: any.
void RoundRowsToBfloat16(int64_t rows, int64_t length, const float* x, int64_t stride, std::byte* rounded);

}  // namespace attnd

#endif  // ENGINE_OPS_ROW_CONVERSION_H_
