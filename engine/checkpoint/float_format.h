// How a file keeps floating-point numbers.

#ifndef ENGINE_CHECKPOINT_FLOAT_FORMAT_H_
#define ENGINE_CHECKPOINT_FLOAT_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace attnd {

enum class FloatFormat { kFloat32, kBfloat16, kFloat16 };

// Of one number.
constexpr int64_t FormatBytes(FloatFormat format) { return format == FloatFormat::kFloat32 ? 4 : 2; }

// As a safetensors file names it: "F32", "BF16", "F16".
absl::string_view SafetensorsName(FloatFormat format);

// As config.json names it: "float32", "bfloat16", "float16".
absl::string_view TorchName(FloatFormat format);

// Writes `values` as they lie in a file, rounded to nearest, ties to even. `bytes` holds FormatBytes for each. Returns
// the place of the first value that is finite, but not in `format`. Threads: any.
std::optional<size_t> Encode(absl::Span<const float> values, FloatFormat format, uint8_t* bytes);

}  // namespace attnd

#endif  // ENGINE_CHECKPOINT_FLOAT_FORMAT_H_
