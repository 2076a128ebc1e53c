#include "engine/ops/pooling.h"

#include <cmath>
#include <cstddef>
#include <vector>

namespace attnd {

void MeanOfRows(const float* x, int64_t rows, absl::Span<float> mean) {
  const size_t channels = mean.size();
  std::vector<double> sums(channels);
  for (int64_t row = 0; row < rows; ++row) {
    for (size_t c = 0; c < channels; ++c) sums[c] += static_cast<double>(x[c]);
    x += channels;
  }
  for (size_t c = 0; c < channels; ++c) mean[c] = static_cast<float>(sums[c] / static_cast<double>(rows));
}

void NormalizeToUnitLength(absl::Span<float> vector) {
  double sum_of_squares = 0;
  for (float value : vector) sum_of_squares += static_cast<double>(value) * static_cast<double>(value);
  if (sum_of_squares == 0) return;
  const double scale = 1 / std::sqrt(sum_of_squares);
  for (float& value : vector) value = static_cast<float>(static_cast<double>(value) * scale);
}

}  // namespace attnd
