#include "engine/ops/pooling.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace attnd {

namespace {

// The mean of rows weighted by weight_of(row), which add up to `total`.
template <typename WeightOf>
void AverageRows(const float* x, int64_t rows, int64_t stride, WeightOf weight_of, double total,
                 absl::Span<float> mean) {
  // A cache line of channels at a time.
  constexpr size_t kChannels = 16;
  for (size_t first = 0; first < mean.size(); first += kChannels) {
    const size_t channels = std::min(kChannels, mean.size() - first);
    double sums[kChannels] = {};
    for (int64_t row = 0; row < rows; ++row) {
      const float* values = x + row * stride + first;
      const double weight = weight_of(row);
      for (size_t c = 0; c < channels; ++c) sums[c] += weight * static_cast<double>(values[c]);
    }
    for (size_t c = 0; c < channels; ++c) mean[first + c] = static_cast<float>(sums[c] / total);
  }
}

}  // namespace

void MeanOfRows(const float* x, int64_t rows, int64_t stride, absl::Span<float> mean) {
  AverageRows(x, rows, stride, [](int64_t /*row*/) { return 1.0; }, static_cast<double>(rows), mean);
}

void WeightedMeanOfRows(const float* x, int64_t rows, int64_t stride, absl::Span<float> mean) {
  const auto count = static_cast<double>(rows);
  AverageRows(x, rows, stride, [](int64_t row) { return static_cast<double>(row + 1); }, count * (count + 1) / 2, mean);
}

void NormalizeToUnitLength(absl::Span<float> vector) {
  double sum_of_squares = 0;
  for (float value : vector) sum_of_squares += static_cast<double>(value) * static_cast<double>(value);
  if (sum_of_squares == 0) return;
  const double scale = 1 / std::sqrt(sum_of_squares);
  for (float& value : vector) value = static_cast<float>(static_cast<double>(value) * scale);
}

}  // namespace attnd
