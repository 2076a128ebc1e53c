// What the engine does a second, on the default model with seeded weights: whole forward passes over prompts of several
// lengths, and the operators they are made of.

#include <cstdint>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "absl/log/check.h"
#include "benchmark/benchmark.h"
#include "engine/checkpoint/seeded_weights.h"
#include "engine/model/transformer.h"
#include "engine/ops/attention.h"
#include "engine/ops/layer_norm.h"
#include "engine/ops/linear.h"
#include "engine/tensor/arena.h"

namespace attnd {
namespace {

constexpr int64_t kChannels = 768;

absl::Span<float> RandomFloats(Arena& arena, int64_t count) {
  std::minstd_rand generator(1);
  std::normal_distribution<float> normal;
  auto floats = arena.AllocateFloats(count);
  CHECK_OK(floats.status());
  for (float& value : *floats) value = normal(generator);
  return *floats;
}

Transformer& DefaultTransformer() {
  static Transformer* transformer = [] {
    auto weights = SeededWeights::Create(ModelConfig(), /*seed=*/0);
    CHECK_OK(weights.status());
    const int threads = static_cast<int>(std::thread::hardware_concurrency());
    auto created = Transformer::Create(**weights, {.thread_count = threads});
    CHECK_OK(created.status());
    return created->release();
  }();
  return *transformer;
}

// One batch of range(0) sequences of range(1) tokens, the last hidden state of each.
void BM_Forward(benchmark::State& state) {
  Transformer& transformer = DefaultTransformer();
  const int64_t token_count = state.range(1);
  const SequenceInput input{.token_ids = std::vector<int32_t>(static_cast<size_t>(token_count), 7),
                            .token_count = token_count};
  const OutputSelection selection{.embedding = EmbeddingSelection()};
  std::vector<SequenceOutput> outputs(static_cast<size_t>(state.range(0)));
  std::vector<SequenceTask> batch;
  for (SequenceOutput& output : outputs) batch.push_back({&input, &selection, &output});
  for (auto _ : state) CHECK_OK(transformer.Forward(batch));
  state.counters["tokens_per_second"] = benchmark::Counter(static_cast<double>(state.range(0) * token_count),
                                                           benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(BM_Forward)
    ->ArgNames({"sequences", "tokens"})
    ->Args({1, 1})
    ->Args({1, 16})
    ->Args({1, 128})
    ->Args({8, 128})
    ->Args({1, 1024})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

// The first feed-forward product, [rows, 768] x [768, 3072] with GELU, on one thread.
void BM_Linear(benchmark::State& state) {
  const int64_t rows = state.range(0);
  const LinearShape shape{.in = kChannels, .out = 4 * kChannels, .epilogue = Epilogue::kGeluTanh};
  auto kernel = LinearKernel::Create(shape);
  CHECK_OK(kernel.status());
  Arena arena;
  const auto weights = RandomFloats(arena, shape.in * shape.out);
  const auto bias = RandomFloats(arena, shape.out);
  auto packed = (*kernel)->Pack(weights.data(), WeightOrder::kInOut, bias, arena);
  CHECK_OK(packed.status());
  const auto x = RandomFloats(arena, kMaxLinearRows * shape.in);
  const auto y = RandomFloats(arena, kMaxLinearRows * shape.out);
  const auto scratchpad = RandomFloats(arena, (*kernel)->scratchpad_floats());
  for (auto _ : state) (*kernel)->Run(rows, x.data(), *packed, y.data(), scratchpad.data());
  state.counters["flops"] = benchmark::Counter(static_cast<double>(2 * rows * shape.in * shape.out),
                                               benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(BM_Linear)->ArgName("rows")->Arg(1)->Arg(16)->Arg(128);

// One head of 64 channels over a sequence of range(0) tokens, on one thread; operations counted below the diagonal.
void BM_Attention(benchmark::State& state) {
  constexpr int64_t kHeadLength = 64;
  const int64_t token_count = state.range(0);
  Arena arena;
  const auto qkv = RandomFloats(arena, token_count * 3 * kChannels);
  const auto out = RandomFloats(arena, token_count * kChannels);
  const auto scratch = RandomFloats(arena, AttentionScratchSize(token_count, kHeadLength));
  const AttentionHead head{.token_count = token_count,
                           .head_length = kHeadLength,
                           .q = qkv.data(),
                           .k = qkv.data() + kChannels,
                           .v = qkv.data() + 2 * kChannels,
                           .input_stride = 3 * kChannels,
                           .out = out.data(),
                           .output_stride = kChannels,
                           .scale = 0.125F};
  for (auto _ : state) Attend(head, scratch.data());
  state.counters["flops"] = benchmark::Counter(static_cast<double>(2 * token_count * token_count * kHeadLength),
                                               benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(BM_Attention)->ArgName("tokens")->Arg(16)->Arg(128)->Arg(1024);

void BM_LayerNorm(benchmark::State& state) {
  constexpr int64_t kRows = 128;
  Arena arena;
  const auto gain = RandomFloats(arena, kChannels);
  const auto bias = RandomFloats(arena, kChannels);
  const auto x = RandomFloats(arena, kRows * kChannels);
  const auto y = RandomFloats(arena, kRows * kChannels);
  for (auto _ : state) LayerNorm({.gain = gain, .bias = bias, .epsilon = 1e-5F}, kRows, x.data(), y.data());
  state.SetBytesProcessed(state.iterations() * kRows * kChannels * static_cast<int64_t>(sizeof(float)));
}
BENCHMARK(BM_LayerNorm);

}  // namespace
}  // namespace attnd
