#include "engine/model/linear_layer.h"

#include <algorithm>

#include "engine/model/product_check.h"

namespace attnd {
namespace {

// Rows normalised and converted by a thread at a time, and columns multiplied: enough to be worth the turn, few enough
// that the threads end together.
constexpr int64_t kPrepareRows = 4;
constexpr int64_t kTileColumns = 96;

int64_t TileColumns(const LinearKernel& kernel) {
  const int64_t step = kernel.column_step();
  return std::max(step, kTileColumns / step * step);
}

int64_t DivideRoundingUp(int64_t dividend, int64_t divisor) { return (dividend + divisor - 1) / divisor; }

}  // namespace

absl::StatusOr<LayerNormWeights> LoadLayerNorm(const WeightSource& source, const std::string& name, Arena& arena) {
  const int64_t channels = source.config().embedding_length;
  const auto gain = arena.Allocate<float>(channels);
  if (!gain.ok()) return gain.status();
  const auto bias = arena.Allocate<float>(channels);
  if (!bias.ok()) return bias.status();
  if (auto status = source.Read(name + ".weight", *gain); !status.ok()) return status;
  if (auto status = source.Read(name + ".bias", *bias); !status.ok()) return status;
  return LayerNormWeights{.gain = *gain, .bias = *bias, .epsilon = source.config().layer_norm_epsilon};
}

absl::StatusOr<LinearLayer> LoadLinear(const WeightSource& source, const std::string& name, const LinearKernel& kernel,
                                       Arena& arena) {
  std::vector<float> weights(static_cast<size_t>(kernel.shape().in * kernel.shape().out));
  std::vector<float> bias(static_cast<size_t>(kernel.shape().out));
  if (auto status = source.Read(name + ".weight", absl::MakeSpan(weights)); !status.ok()) return status;
  if (auto status = source.Read(name + ".bias", absl::MakeSpan(bias)); !status.ok()) return status;
  auto packed = kernel.Pack(weights.data(), WeightOrder::kInOut, bias, arena);
  if (!packed.ok()) return packed.status();
  if (auto status = CheckProduct(kernel, *packed, {weights.data(), WeightOrder::kInOut, bias}, name); !status.ok()) {
    return status;
  }
  return LinearLayer{.kernel = &kernel, .weights = *packed};
}

absl::StatusOr<LinearRunner> LinearRunner::Create(int64_t max_rows, absl::Span<const LinearKernel* const> kernels,
                                                  ThreadTeam& team, Arena& arena) {
  int64_t stride = 0;
  int64_t converted_bytes = 0;
  int64_t scratchpad_bytes = 0;
  for (const LinearKernel* kernel : kernels) {
    stride = std::max(stride, kernel->shape().in_stride);
    converted_bytes = std::max(converted_bytes, kernel->converted_row_bytes());
    scratchpad_bytes = std::max(scratchpad_bytes, kernel->scratchpad_bytes());
  }
  LinearRunner runner(team);
  const auto normed = arena.Allocate<float>(max_rows * stride);
  if (!normed.ok()) return normed.status();
  runner.normed_ = *normed;
  const auto converted = arena.Allocate<std::byte>(max_rows * converted_bytes);
  if (!converted.ok()) return converted.status();
  runner.converted_ = *converted;
  for (int worker = 0; worker < team.thread_count(); ++worker) {
    const auto scratchpad = arena.Allocate<std::byte>(scratchpad_bytes);
    if (!scratchpad.ok()) return scratchpad.status();
    runner.scratchpads_.push_back(scratchpad->data());
  }
  return runner;
}

absl::StatusOr<const std::byte*> LinearRunner::PrepareInput(int64_t rows, const LayerNormWeights* norm,
                                                            const LinearKernel& kernel, const float* x) {
  const int64_t stride = kernel.shape().in_stride;
  const int64_t converted_bytes = kernel.converted_row_bytes();
  const float* input = norm ? normed_.data() : x;
  if (norm || converted_bytes > 0) {
    const absl::Status status = team_->ParallelFor(DivideRoundingUp(rows, kPrepareRows), [&](int64_t item, int) {
      const int64_t first = item * kPrepareRows;
      const int64_t count = std::min(kPrepareRows, rows - first);
      if (norm) LayerNorm(*norm, count, x + first * stride, normed_.data() + first * stride, stride);
      if (converted_bytes > 0) {
        kernel.ConvertRows(count, input + first * stride, converted_.data() + first * converted_bytes);
      }
    });
    if (!status.ok()) return status;
  }
  return converted_bytes > 0 ? converted_.data() : reinterpret_cast<const std::byte*>(input);
}

absl::Status LinearRunner::Run(int64_t rows, const LayerNormWeights* norm, const LinearLayer& layer, const float* x,
                               std::byte* y) {
  const auto input = PrepareInput(rows, norm, *layer.kernel, x);
  if (!input.ok()) return input.status();
  return RunPrepared(rows, layer, *input, y);
}

absl::Status LinearRunner::RunPrepared(int64_t rows, const LinearLayer& layer, const std::byte* x, std::byte* y) {
  const LinearKernel& kernel = *layer.kernel;
  const LinearShape& shape = kernel.shape();
  const int64_t tile_rows = kernel.TileRows(rows);
  const int64_t tile_columns = TileColumns(kernel);
  const int64_t tiles_across = DivideRoundingUp(shape.out, tile_columns);
  return team_->ParallelFor(DivideRoundingUp(rows, tile_rows) * tiles_across, [&](int64_t item, int worker) {
    const int64_t first_row = item / tiles_across * tile_rows;
    const int64_t first_column = item % tiles_across * tile_columns;
    kernel.Run({.rows = std::min(tile_rows, rows - first_row),
                .first_column = first_column,
                .columns = std::min(tile_columns, shape.out - first_column),
                .x = x + first_row * kernel.input_row_bytes(),
                .y = y + first_row * shape.out_row_bytes() + first_column * DataTypeBytes(shape.out_type)},
               layer.weights, scratchpad(worker));
  });
}

}  // namespace attnd
