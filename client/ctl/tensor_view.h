// A tensor of a reply, decoded, and the ways attndctl shows one.

#ifndef CLIENT_CTL_TENSOR_VIEW_H_
#define CLIENT_CTL_TENSOR_VIEW_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "attnd/v1/inference.pb.h"
#include "nlohmann/json.hpp"

namespace attnd::client {

// A matrix: every tensor of a reply is one.
struct TensorView {
  std::vector<int64_t> shape;
  std::vector<float> values;

  int64_t row_count() const { return shape[0]; }
  absl::Span<const float> row(int64_t index) const;
};

// Errors: INTERNAL when the server sent something that is not a well-formed matrix.
absl::StatusOr<TensorView> DecodeMatrix(const v1::Tensor& tensor);

// Euclidean length of a vector, "12.3456".
std::string FormatNorm(absl::Span<const float> values);

// "1024", or "1024 of 3000" where a text of so many tokens was cut.
std::string FormatTokenCount(uint32_t token_count, uint32_t truncated_from);

// The first few values, "0.1234 -0.5678 ...".
std::string FormatFirstValues(absl::Span<const float> values);

// {"shape": [...], "values": [...]}: all values, row-major.
nlohmann::ordered_json TensorJson(const TensorView& tensor);

}  // namespace attnd::client

#endif  // CLIENT_CTL_TENSOR_VIEW_H_
