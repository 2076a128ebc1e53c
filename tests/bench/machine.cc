#include "tests/bench/machine.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/log/check.h"
#include "engine/ops/cpu.h"
#include "engine/tensor/arena.h"

// Highway compiles the rest of this file once for every instruction set it may find at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/bench/machine.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
// Needs highway.h before it.
#include "engine/ops/panel_product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace attnd::HWY_NAMESPACE {

// Makes the compiler believe that `operand` has changed, lest it compute a product once for all.
template <class Operand>
HWY_INLINE void Touch(Operand& operand) {
#if HWY_TARGET <= HWY_AVX3
  asm volatile("" : "+v"(operand.raw));
#else
  asm volatile("" : "+x"(operand.raw));
#endif
}

// `steps` steps of a tile as MultiplyRows computes them, without its loads. Returns the operations.
template <class Format>
int64_t MultiplyInRegisters(int64_t steps) {
  const typename Format::SumTag d;
  HWY_ALIGN typename Format::Weight weights[kPanelVectors * hn::MaxLanes(Floats()) * 4] = {};
  HWY_ALIGN typename Format::Input input[4] = {};
  hn::Vec<typename Format::SumTag> sums[kTileRows][kPanelVectors];
  HWY_UNROLL(16)
  for (size_t i = 0; i < kTileRows; ++i) sums[i][0] = sums[i][1] = hn::Zero(d);
  typename Format::Operand first;
  typename Format::Operand second;
  Format::LoadWeights(weights, first, second);
  auto x = Format::LoadInput(input);
  Touch(first);
  Touch(second);
  for (int64_t step = 0; step < steps; ++step) {
    HWY_UNROLL(16)
    for (size_t i = 0; i < kTileRows; ++i) {
      Touch(x);
      sums[i][0] = Format::MultiplyAdd(x, first, sums[i][0]);
      sums[i][1] = Format::MultiplyAdd(x, second, sums[i][1]);
    }
  }
  HWY_UNROLL(16)
  for (size_t i = 0; i < kTileRows; ++i) {
    Touch(sums[i][0]);
    Touch(sums[i][1]);
  }
  return steps * static_cast<int64_t>(2 * kTileRows * PanelColumns() * Format::kDepth);
}

int64_t Multiply(DataType type, int64_t steps) {
  switch (type) {
    case DataType::kBfloat16:
      return MultiplyInRegisters<Bfloat16Format>(steps);
    case DataType::kInt8:
      return MultiplyInRegisters<Int8Format>(steps);
    case DataType::kFloat32:
      break;
  }
  return MultiplyInRegisters<FloatFormat>(steps);
}

uint64_t SumOfWords(const uint64_t* words, size_t count) {
  const hn::ScalableTag<uint64_t> d;
  const size_t lanes = hn::Lanes(d);
  auto a = hn::Zero(d);
  auto b = a;
  for (size_t i = 0; i + 2 * lanes <= count; i += 2 * lanes) {
    a = hn::Add(a, hn::Load(d, words + i));
    b = hn::Add(b, hn::Load(d, words + i + lanes));
  }
  return hn::ReduceSum(d, hn::Add(a, b));
}

}  // namespace attnd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attnd {
namespace {

HWY_EXPORT(Multiply);
HWY_EXPORT(SumOfWords);

double Seconds(std::chrono::steady_clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

double MeasurePeak(DataType type, ThreadTeam& team) {
  constexpr int64_t kSteps = 4'000'000;
  DescribeCpu();  // caps what is dispatched to
  const ThreadTeam::Activity activity(team);
  std::vector<int64_t> operations(static_cast<size_t>(team.thread_count()));
  const auto multiply = [&](int64_t item, int) {
    operations[static_cast<size_t>(item)] = HWY_DYNAMIC_DISPATCH(Multiply)(type, kSteps);
  };
  CHECK_OK(team.ParallelFor(team.thread_count(), [](int64_t, int) {}));  // wakes the threads
  const auto started_at = std::chrono::steady_clock::now();
  CHECK_OK(team.ParallelFor(team.thread_count(), multiply));
  const double seconds = Seconds(std::chrono::steady_clock::now() - started_at);
  int64_t sum = 0;
  for (const int64_t count : operations) sum += count;
  return static_cast<double>(sum) / seconds;
}

double MeasureReadBandwidth(ThreadTeam& team) {
  constexpr int64_t kBytes = int64_t{1} << 30;
  constexpr int64_t kPieces = 1024;
  constexpr int64_t kPieceWords = kBytes / kPieces / static_cast<int64_t>(sizeof(uint64_t));
  static Arena* const arena = new Arena();
  static const absl::Span<uint64_t> words = [] {
    auto allocated = arena->Allocate<uint64_t>(kPieces * kPieceWords);
    CHECK_OK(allocated.status());
    for (size_t i = 0; i < allocated->size(); i += 512) (*allocated)[i] = i;  // pages that exist
    return *allocated;
  }();
  DescribeCpu();
  const ThreadTeam::Activity activity(team);
  std::atomic<uint64_t> sum = 0;
  CHECK_OK(team.ParallelFor(team.thread_count(), [](int64_t, int) {}));
  const auto started_at = std::chrono::steady_clock::now();
  CHECK_OK(team.ParallelFor(kPieces, [&](int64_t item, int) {
    sum += HWY_DYNAMIC_DISPATCH(SumOfWords)(words.data() + item * kPieceWords, static_cast<size_t>(kPieceWords));
  }));
  return static_cast<double>(kBytes) / Seconds(std::chrono::steady_clock::now() - started_at);
}

}  // namespace attnd
#endif  // HWY_ONCE
