#include "client/tensor.h"

#include <bit>
#include <cstddef>
#include <limits>
#include <optional>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/tensor/float_conversion.h"

namespace attnd::client {
namespace {

static_assert(sizeof(float) == 4 && std::numeric_limits<float>::is_iec559);

// Bytes of an array of `shape`; nothing when a size is negative or the product leaves int64.
std::optional<int64_t> ByteCount(absl::Span<const int64_t> shape, int64_t element_bytes) {
  int64_t count = element_bytes;
  for (const int64_t size : shape) {
    if (size < 0 || __builtin_mul_overflow(count, size, &count)) return std::nullopt;
  }
  return count;
}

std::vector<float> DecodeShort(absl::string_view bytes, float (*to_float)(uint16_t)) {
  std::vector<float> values(bytes.size() / sizeof(uint16_t));
  for (size_t i = 0; i < values.size(); ++i) {
    const auto low = static_cast<unsigned char>(bytes[2 * i]);
    const auto high = static_cast<unsigned char>(bytes[2 * i + 1]);
    values[i] = to_float(static_cast<uint16_t>(low | (high << 8)));
  }
  return values;
}

}  // namespace

absl::StatusOr<v1::Tensor> EncodeTensor(absl::Span<const float> values, absl::Span<const int64_t> shape) {
  const bool sizes_positive = absl::c_all_of(shape, [](int64_t size) { return size >= 1; });
  if (!sizes_positive || ByteCount(shape, sizeof(float)) != static_cast<int64_t>(values.size() * sizeof(float))) {
    return absl::InvalidArgumentError(absl::StrCat(values.size(), " values do not make shape ", FormatShape(shape)));
  }
  v1::Tensor tensor;
  tensor.set_data_type(v1::DATA_TYPE_FLOAT32);
  tensor.mutable_shape()->Add(shape.begin(), shape.end());
  tensor.set_data(EncodeFloats(values));
  return tensor;
}

std::optional<int64_t> TensorBytes(v1::DataType type, absl::Span<const int64_t> shape) {
  switch (type) {
    case v1::DATA_TYPE_FLOAT32:
      return ByteCount(shape, 4);
    case v1::DATA_TYPE_FLOAT16:
    case v1::DATA_TYPE_BFLOAT16:
      return ByteCount(shape, 2);
    case v1::DATA_TYPE_INT8:
      return ByteCount(shape, 1);
    default:
      return std::nullopt;
  }
}

absl::StatusOr<std::vector<float>> DecodeTensor(const v1::Tensor& tensor) {
  const v1::DataType type = tensor.data_type();
  if (type != v1::DATA_TYPE_FLOAT32 && type != v1::DATA_TYPE_FLOAT16 && type != v1::DATA_TYPE_BFLOAT16) {
    return absl::InvalidArgumentError(absl::StrCat("tensor of type ", v1::DataType_Name(type),
                                                   ", not DATA_TYPE_FLOAT32, DATA_TYPE_FLOAT16 or DATA_TYPE_BFLOAT16"));
  }
  if (TensorBytes(type, tensor.shape()) != static_cast<int64_t>(tensor.data().size())) {
    return absl::InvalidArgumentError(absl::StrCat("tensor of shape ", FormatShape(tensor.shape()), " with ",
                                                   tensor.data().size(), " bytes of data"));
  }
  if (type == v1::DATA_TYPE_FLOAT16) return DecodeShort(tensor.data(), HalfToFloat);
  if (type == v1::DATA_TYPE_BFLOAT16) return DecodeShort(tensor.data(), Bfloat16ToFloat);
  return DecodeFloats(tensor.data());
}

std::string EncodeFloats(absl::Span<const float> values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  for (size_t i = 0; i < values.size(); ++i) {
    const auto bits = std::bit_cast<uint32_t>(values[i]);
    for (size_t byte = 0; byte < sizeof(float); ++byte) {
      bytes[i * sizeof(float) + byte] = static_cast<char>(bits >> (8 * byte));
    }
  }
  return bytes;
}

std::vector<float> DecodeFloats(absl::string_view bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  for (size_t i = 0; i < values.size(); ++i) {
    uint32_t bits = 0;
    for (size_t byte = 0; byte < sizeof(float); ++byte) {
      bits |= uint32_t{static_cast<unsigned char>(bytes[i * sizeof(float) + byte])} << (8 * byte);
    }
    values[i] = std::bit_cast<float>(bits);
  }
  return values;
}

std::string FormatShape(absl::Span<const int64_t> shape) { return absl::StrCat("[", absl::StrJoin(shape, ", "), "]"); }

}  // namespace attnd::client
