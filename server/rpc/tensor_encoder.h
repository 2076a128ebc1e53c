// Computed floats as the bytes of a Tensor, in the type a caller asked for.

#ifndef SERVER_RPC_TENSOR_ENCODER_H_
#define SERVER_RPC_TENSOR_ENCODER_H_

#include <cstdint>
#include <string>

#include "absl/types/span.h"
#include "attnd/v1/inference.pb.h"
#include "engine/tensor/element_type.h"

namespace attnd {

// Threads: any, all of them.

v1::DataType EncodeElementType(ElementType type);

// Appends `floats` to `bytes`, little-endian. Not as kInt8.
void AppendElements(absl::Span<const float> floats, ElementType type, std::string& bytes);

// Appends `floats` to `bytes` as integers of one byte. Returns their scale (Int8Scale).
float AppendInt8(absl::Span<const float> floats, std::string& bytes);

// Gives `message` the type and the shape [rows, columns] of what `floats` holds, row-major.
void EncodeShape(absl::Span<const float> floats, int64_t columns, ElementType type, v1::Tensor& message);

// The same, and its bytes. Not as kInt8.
void EncodeRows(absl::Span<const float> floats, int64_t columns, ElementType type, v1::Tensor& message);

}  // namespace attnd

#endif  // SERVER_RPC_TENSOR_ENCODER_H_
