#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/model/config.h"
#include "engine/model/layer.h"
#include "engine/ops/attention.h"
#include "engine/ops/cpu.h"
#include "engine/ops/layer_norm.h"
#include "engine/ops/linear.h"
#include "engine/ops/onednn_linear.h"
#include "engine/ops/panel_linear.h"
#include "engine/tensor/arena.h"
#include "tests/bench/cases.h"

namespace attnd {
namespace {

constexpr int64_t kChannels = 768;
constexpr int64_t kRows = 96;

absl::Span<float> RandomFloats(Arena& arena, int64_t count) {
  std::minstd_rand generator(1);
  std::normal_distribution<float> normal;
  auto floats = arena.Allocate<float>(count);
  CHECK_OK(floats.status());
  for (float& value : *floats) value = normal(generator);
  return *floats;
}

// Runs `body` once on every thread.
std::function<void()> OnEveryThread(ThreadTeam& team, std::function<void(int)> body) {
  return [&team, body = std::move(body)] {
    const ThreadTeam::Activity activity(team);
    CHECK_OK(team.ParallelFor(team.thread_count(), [&](int64_t item, int) { body(static_cast<int>(item)); }));
  };
}

struct LinearBench {
  std::unique_ptr<LinearKernel> kernel;
  Arena arena;
  PackedLinear weights;
  std::vector<const std::byte*> x;
  std::vector<std::byte*> y;
  std::vector<std::byte*> scratchpads;
};

std::unique_ptr<LinearKernel> OneDnnKernel(const LinearShape& shape) {
  auto kernel = OneDnnLinear::Create(shape);
  CHECK_OK(kernel.status());
  return *std::move(kernel);
}

Case LinearCase(std::unique_ptr<LinearKernel> kernel, DataType type, ThreadTeam& team) {
  auto bench = std::make_shared<LinearBench>();
  bench->kernel = std::move(kernel);
  const int64_t in = bench->kernel->shape().in;
  const int64_t out = bench->kernel->shape().out;
  const auto weights = RandomFloats(bench->arena, in * out);
  const auto bias = RandomFloats(bench->arena, out);
  auto packed = bench->kernel->Pack(weights.data(), WeightOrder::kInOut, bias, bench->arena);
  CHECK_OK(packed.status());
  bench->weights = *packed;
  const int64_t rows = bench->kernel->RowsTouched(kRows);
  for (int i = 0; i < team.thread_count(); ++i) {
    const auto x = RandomFloats(bench->arena, rows * ActivationStride(in));
    const auto converted = bench->arena.Allocate<std::byte>(rows * bench->kernel->converted_row_bytes());
    CHECK_OK(converted.status());
    if (converted->empty()) {
      bench->x.push_back(reinterpret_cast<const std::byte*>(x.data()));
    } else {
      bench->kernel->ConvertRows(rows, x.data(), converted->data());
      bench->x.push_back(converted->data());
    }
    bench->y.push_back(reinterpret_cast<std::byte*>(RandomFloats(bench->arena, rows * ActivationStride(out)).data()));
    const auto scratchpad = bench->arena.Allocate<std::byte>(bench->kernel->scratchpad_bytes());
    CHECK_OK(scratchpad.status());
    bench->scratchpads.push_back(scratchpad->data());
  }
  const auto copies = static_cast<double>(team.thread_count());
  const bool is_onednn = !absl::StartsWith(bench->kernel->implementation(), "panels");
  const Work work{.name = absl::StrCat("linear ", in, "x", out,
                                       bench->kernel->shape().epilogue == Epilogue::kGeluTanh ? " gelu" : "",
                                       is_onednn ? " oneDNN" : " panels"),
                  .batch = absl::StrCat(team.thread_count(), " x ", kRows),
                  .type = type,
                  .sequences = team.thread_count(),
                  .tokens = kRows,
                  .all_tokens = copies * static_cast<double>(kRows),
                  .flops = copies * 2 * static_cast<double>(kRows * in * out)};
  return {.work = work, .run = OnEveryThread(team, [bench, out](int i) {
                          const auto index = static_cast<size_t>(i);
                          bench->kernel->Run(
                              {.rows = kRows, .columns = out, .x = bench->x[index], .y = bench->y[index]},
                              bench->weights, bench->scratchpads[index]);
                        })};
}

struct AttentionBench {
  Arena arena;
  std::vector<AttentionHead> heads;
  std::vector<float*> scratch;
};

// One head of 64 channels over `token_count` tokens; operations counted below the diagonal.
Case AttentionCase(DataType type, int64_t token_count, ThreadTeam& team) {
  constexpr int64_t kHeadLength = 64;
  auto bench = std::make_shared<AttentionBench>();
  const int64_t stride = ActivationStride(3 * kChannels);
  for (int i = 0; i < team.thread_count(); ++i) {
    const float* qkv = RandomFloats(bench->arena, token_count * stride).data();
    float* out = RandomFloats(bench->arena, token_count * ActivationStride(kChannels)).data();
    bench->heads.push_back({.type = type,
                            .head_length = kHeadLength,
                            .q = qkv,
                            .k = qkv + kChannels,
                            .v = qkv + 2 * kChannels,
                            .input_stride = stride,
                            .out = reinterpret_cast<std::byte*>(out),
                            .output_stride = ActivationStride(kChannels, type),
                            .output_type = type,
                            .scale = 0.125F});
    bench->scratch.push_back(RandomFloats(bench->arena, AttentionScratchFloats(type, token_count, kHeadLength)).data());
  }
  const auto copies = static_cast<double>(team.thread_count());
  const Work work{.name = "attention, one head",
                  .batch = absl::StrCat(team.thread_count(), " x ", token_count),
                  .type = type,
                  .sequences = team.thread_count(),
                  .tokens = token_count,
                  .all_tokens = copies * static_cast<double>(token_count),
                  .flops = copies * 2 * static_cast<double>(token_count * token_count * kHeadLength)};
  return {.work = work, .run = OnEveryThread(team, [bench, token_count](int i) {
                          const auto index = static_cast<size_t>(i);
                          Attend(bench->heads[index], 0, token_count, bench->scratch[index]);
                        })};
}

struct LayerNormBench {
  Arena arena;
  LayerNormWeights weights;
  std::vector<float*> x;
};

// Operations: one each for mean, two for variance, four for the result.
Case LayerNormCase(ThreadTeam& team) {
  auto bench = std::make_shared<LayerNormBench>();
  bench->weights = {
      .gain = RandomFloats(bench->arena, kChannels), .bias = RandomFloats(bench->arena, kChannels), .epsilon = 1e-5F};
  for (int i = 0; i < team.thread_count(); ++i) {
    bench->x.push_back(RandomFloats(bench->arena, kRows * ActivationStride(kChannels)).data());
  }
  const auto rows = static_cast<double>(team.thread_count() * kRows);
  const Work work{.name = "layer norm",
                  .batch = absl::StrCat(team.thread_count(), " x ", kRows),
                  .sequences = team.thread_count(),
                  .tokens = kRows,
                  .all_tokens = rows,
                  .flops = rows * 7 * static_cast<double>(kChannels)};
  return {.work = work, .run = OnEveryThread(team, [bench](int i) {
                          float* x = bench->x[static_cast<size_t>(i)];
                          LayerNorm(bench->weights, kRows, x, x, ActivationStride(kChannels));
                        })};
}

}  // namespace

std::vector<Case> OperatorCases(DataType type, ThreadTeam& team) {
  constexpr int64_t c = kChannels;
  std::vector<Case> cases;
  const bool onednn_has_type = type == DataType::kBfloat16 && MultipliesBfloat16();
  for (const LinearShape& shape :
       {LayerShape(c, 3 * c, Epilogue::kStore), LayerShape(c, c, Epilogue::kAddToOutput),
        LayerShape(c, 4 * c, Epilogue::kGeluTanh, LayerKernels::Create(ModelConfig(), type).activation_type),
        LayerShape(4 * c, c, Epilogue::kAddToOutput)}) {
    cases.push_back(LinearCase(std::make_unique<PanelLinear>(shape, type), type, team));
    if (onednn_has_type) cases.push_back(LinearCase(OneDnnKernel(shape), type, team));
  }
  if (AttentionType(type) == type) {
    for (const int64_t token_count : {16, 128, 1024}) cases.push_back(AttentionCase(type, token_count, team));
  }
  if (type == DataType::kFloat32) cases.push_back(LayerNormCase(team));
  return cases;
}

}  // namespace attnd
