#include "server/rpc/tensor_encoder.h"

#include <bit>
#include <cstddef>
#include <cstring>

#include "engine/tensor/float_conversion.h"

namespace attnd {
namespace {

static_assert(std::endian::native == std::endian::little,
              "tensors travel as little-endian bytes and are copied as such");

// Appends convert(value), of 2 bytes, of each.
template <typename Convert>
void AppendHalves(absl::Span<const float> floats, Convert convert, std::string& bytes) {
  const size_t begin = bytes.size();
  bytes.resize(begin + floats.size() * sizeof(uint16_t));
  char* next = bytes.data() + begin;
  for (const float value : floats) {
    const uint16_t bits = convert(value);
    std::memcpy(next, &bits, sizeof(bits));
    next += sizeof(bits);
  }
}

}  // namespace

v1::DataType EncodeElementType(ElementType type) {
  switch (type) {
    case ElementType::kFloat16:
      return v1::DATA_TYPE_FLOAT16;
    case ElementType::kBfloat16:
      return v1::DATA_TYPE_BFLOAT16;
    case ElementType::kInt8:
      return v1::DATA_TYPE_INT8;
    case ElementType::kFloat32:
      break;
  }
  return v1::DATA_TYPE_FLOAT32;
}

void AppendElements(absl::Span<const float> floats, ElementType type, std::string& bytes) {
  switch (type) {
    case ElementType::kFloat16:
      return AppendHalves(floats, FloatToHalf, bytes);
    case ElementType::kBfloat16:
      return AppendHalves(floats, FloatToBfloat16, bytes);
    default:
      bytes.append(reinterpret_cast<const char*>(floats.data()), floats.size() * sizeof(float));
  }
}

float AppendInt8(absl::Span<const float> floats, std::string& bytes) {
  const float scale = Int8Scale(floats);
  for (const float value : floats) bytes.push_back(static_cast<char>(FloatToInt8(value, scale)));
  return scale;
}

void EncodeShape(absl::Span<const float> floats, int64_t columns, ElementType type, v1::Tensor& message) {
  message.set_data_type(EncodeElementType(type));
  message.add_shape(static_cast<int64_t>(floats.size()) / columns);
  message.add_shape(columns);
}

void EncodeRows(absl::Span<const float> floats, int64_t columns, ElementType type, v1::Tensor& message) {
  EncodeShape(floats, columns, type, message);
  message.mutable_data()->reserve(floats.size() * static_cast<size_t>(ElementBytes(type)));
  AppendElements(floats, type, *message.mutable_data());
}

}  // namespace attnd
