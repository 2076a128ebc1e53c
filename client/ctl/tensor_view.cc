#include "client/ctl/tensor_view.h"

#include <cmath>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/tensor.h"

namespace attnd::client {

constexpr size_t kFirstValueCount = 6;

absl::Span<const float> TensorView::row(int64_t index) const {
  const auto length = static_cast<size_t>(shape[1]);
  return absl::MakeConstSpan(values).subspan(static_cast<size_t>(index) * length, length);
}

absl::StatusOr<TensorView> DecodeMatrix(const v1::Tensor& tensor) {
  absl::StatusOr<std::vector<float>> values = DecodeTensor(tensor);
  if (!values.ok()) return absl::InternalError(absl::StrCat("the server sent a ", values.status().message()));
  if (tensor.shape_size() != 2) {
    return absl::InternalError(
        absl::StrCat("the server sent a tensor of shape ", FormatShape(tensor.shape()), ", not a matrix"));
  }
  return TensorView{{tensor.shape().begin(), tensor.shape().end()}, *std::move(values)};
}

std::string FormatNorm(absl::Span<const float> values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return absl::StrFormat("%.4f", std::sqrt(sum));
}

std::string FormatTokenCount(uint32_t token_count, uint32_t truncated_from) {
  return truncated_from == 0 ? absl::StrCat(token_count) : absl::StrCat(token_count, " of ", truncated_from);
}

std::string FormatFirstValues(absl::Span<const float> values) {
  std::string text;
  for (const float value : values.subspan(0, kFirstValueCount)) absl::StrAppendFormat(&text, "%9.4f ", value);
  if (values.size() > kFirstValueCount) text += "...";
  return text;
}

nlohmann::ordered_json TensorJson(const TensorView& tensor) {
  return {{"shape", tensor.shape}, {"values", tensor.values}};
}

}  // namespace attnd::client
