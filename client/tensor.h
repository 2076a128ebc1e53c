// float32 arrays to the protocol's Tensor, and floats of every length back, on a machine of either byte order.

#ifndef CLIENT_TENSOR_H_
#define CLIENT_TENSOR_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "attnd/v1/inference.pb.h"

namespace attnd::client {

// A DATA_TYPE_FLOAT32 tensor of `values`, row-major.
//
// Errors: INVALID_ARGUMENT when a size is below 1 or the sizes' product is not the number of values.
absl::StatusOr<v1::Tensor> EncodeTensor(absl::Span<const float> values, absl::Span<const int64_t> shape);

// The elements of `tensor`, of float32, float16 or bfloat16, row-major.
//
// Errors: INVALID_ARGUMENT when it is of another type, a size is negative, or its data does not have the length that
// its shape asks for.
absl::StatusOr<std::vector<float>> DecodeTensor(const v1::Tensor& tensor);

// Bytes of the data of a tensor; nothing when its type is unknown, a size is negative or the product leaves int64.
std::optional<int64_t> TensorBytes(v1::DataType type, absl::Span<const int64_t> shape);

// Little-endian float32 values, 4 bytes each, and back. Requires a whole number of values in `bytes`.
std::string EncodeFloats(absl::Span<const float> values);
std::vector<float> DecodeFloats(absl::string_view bytes);

// A shape as people write it: "[2, 768]".
std::string FormatShape(absl::Span<const int64_t> shape);

}  // namespace attnd::client

#endif  // CLIENT_TENSOR_H_
