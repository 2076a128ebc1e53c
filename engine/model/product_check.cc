#include "engine/model/product_check.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numbers>
#include <random>
#include <vector>

#include "absl/strings/str_format.h"
#include "engine/tensor/arena.h"
#include "engine/tensor/data_type.h"
#include "engine/tensor/float_conversion.h"

namespace attnd {
namespace {

// Largest |product - sum| as a share of |x| |w|: int8 rounds weights to 1/128 and inputs to 1/255 of their range,
// bfloat16 to 2^-9 of the value. A kernel that is wrong is off by about 1.
constexpr double kTolerance = 0.05;

// Tiles of one step of columns that are tried.
constexpr int64_t kMaxTiles = 8;

double Activate(Epilogue epilogue, double x) {
  if (epilogue == Epilogue::kGeluTanh) {
    return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
  }
  if (epilogue == Epilogue::kGeluErf) return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2));
  return x;
}

// Element `index` of a row of `type`, float or bfloat16.
double ReadElement(absl::Span<const std::byte> row, DataType type, int64_t index) {
  const std::byte* element = row.data() + index * DataTypeBytes(type);
  if (type == DataType::kBfloat16) {
    uint16_t bits;
    std::memcpy(&bits, element, sizeof(bits));
    return static_cast<double>(Bfloat16ToFloat(bits));
  }
  float value;
  std::memcpy(&value, element, sizeof(value));
  return static_cast<double>(value);
}

// One row of inputs, as floats and as the kernel reads it, and room for the row's outputs of one tile.
struct Trial {
  absl::Span<float> x;
  const std::byte* input = nullptr;
  absl::Span<std::byte> y;
  absl::Span<std::byte> scratchpad;
};

absl::StatusOr<Trial> Prepare(const LinearKernel& kernel, Arena& arena) {
  const int64_t rows = kernel.RowsTouched(1);
  const auto x = arena.Allocate<float>(rows * kernel.shape().in_stride);
  const auto converted = arena.Allocate<std::byte>(rows * kernel.converted_row_bytes());
  const auto y = arena.Allocate<std::byte>(rows * kernel.shape().out_row_bytes() + kernel.column_step() * 4);
  const auto scratchpad = arena.Allocate<std::byte>(kernel.scratchpad_bytes());
  for (const absl::Status& status : {x.status(), converted.status(), y.status(), scratchpad.status()}) {
    if (!status.ok()) return status;
  }
  std::minstd_rand generator(1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::generate_n(x->begin(), kernel.shape().in, [&] { return uniform(generator); });
  const auto* input = reinterpret_cast<const std::byte*>(x->data());
  if (kernel.converted_row_bytes() > 0) {
    kernel.ConvertRows(1, x->data(), converted->data());
    input = converted->data();
  }
  return Trial{.x = *x, .input = input, .y = *y, .scratchpad = *scratchpad};
}

// Compares column `column`, whose computed value is `actual`.
absl::Status CompareColumn(const LinearKernel& kernel, const PlainLinear& plain, const Trial& trial, int64_t column,
                           double actual, const std::string& what) {
  const LinearShape& shape = kernel.shape();
  const double bias = plain.bias.empty() ? 0 : static_cast<double>(plain.bias[static_cast<size_t>(column)]);
  double sum = 0;
  double x_squares = 0;
  double w_squares = 0;
  for (int64_t k = 0; k < shape.in; ++k) {
    const int64_t index = plain.order == WeightOrder::kInOut ? k * shape.out + column : column * shape.in + k;
    const auto weight = static_cast<double>(plain.weights[index]);
    const auto x = static_cast<double>(trial.x[static_cast<size_t>(k)]);
    sum += x * weight;
    x_squares += x * x;
    w_squares += weight * weight;
  }
  const double expected = Activate(shape.epilogue, sum + bias);
  const double tolerance = kTolerance * (std::sqrt(x_squares * w_squares) + std::abs(bias)) + 1e-6;
  if (std::abs(actual - expected) <= tolerance) return absl::OkStatus();
  return absl::InternalError(
      absl::StrFormat("%s: column %d of a trial product is %g, must be %g within %g: %s computes wrongly on this CPU",
                      what, column, actual, expected, tolerance, kernel.implementation()));
}

}  // namespace

absl::Status CheckProduct(const LinearKernel& kernel, const PackedLinear& packed, const PlainLinear& plain,
                          const std::string& what) {
  Arena arena;
  const auto trial = Prepare(kernel, arena);
  if (!trial.ok()) return trial.status();
  const LinearShape& shape = kernel.shape();
  const int64_t step = kernel.column_step();
  const int64_t tiles = (shape.out + step - 1) / step;
  for (int64_t tile = 0; tile < tiles; tile += (tiles + kMaxTiles - 1) / kMaxTiles) {
    const int64_t first = tile * step;
    const int64_t columns = std::min(step, shape.out - first);
    std::fill(trial->y.begin(), trial->y.end(), std::byte{0});
    kernel.Run({.rows = 1, .first_column = first, .columns = columns, .x = trial->input, .y = trial->y.data()}, packed,
               trial->scratchpad.data());
    for (const int64_t column : {int64_t{0}, columns - 1}) {
      const double actual = ReadElement(trial->y, shape.out_type, column);
      if (auto status = CompareColumn(kernel, plain, *trial, first + column, actual, what); !status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

}  // namespace attnd
