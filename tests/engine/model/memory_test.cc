#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <random>
#include <utility>
#include <vector>

#include "engine/checkpoint/seeded_weights.h"
#include "engine/model/model_weights.h"
#include "engine/model/transformer.h"
#include "gtest/gtest.h"

namespace attnd {
namespace {

constexpr int kBatches = 100'000;
constexpr int64_t kMaxBatchTokens = 64;
constexpr int64_t kVocabularySize = 131;

ModelConfig SmallConfig() {
  return {.vocabulary_size = kVocabularySize,
          .context_length = kMaxBatchTokens,
          .embedding_length = 16,
          .head_count = 2,
          .layer_count = 1,
          .feed_forward_length = 32};
}

// Of this process, as in /proc/self/statm.
int64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  int64_t all_pages = 0;
  int64_t resident_pages = 0;
  file >> all_pages >> resident_pages;
  return resident_pages * sysconf(_SC_PAGESIZE);
}

// Sequences of any lengths that fill a batch up to any size, with any outputs.
struct RandomBatch {
  std::vector<SequenceInput> inputs;
  std::vector<OutputSelection> selections;
  std::vector<SequenceOutput> outputs;
  std::vector<SequenceTask> tasks;

  explicit RandomBatch(std::mt19937& generator) {
    const auto any = [&](int64_t count) { return static_cast<int64_t>(generator() % static_cast<uint64_t>(count)); };
    const int64_t wanted = 1 + any(kMaxBatchTokens);
    for (int64_t tokens = 0; tokens < wanted;) {
      const int64_t length = 1 + any(wanted - tokens);
      inputs.push_back(
          {.token_ids = std::vector<int32_t>(static_cast<size_t>(length), static_cast<int32_t>(any(kVocabularySize))),
           .token_count = length});
      tokens += length;
      OutputSelection& selection = selections.emplace_back();
      if (any(2) == 0) selection.hidden.push_back({.layer = any(3), .positions = Positions::kAll});
      if (any(2) == 0) selection.logits = any(2) == 0 ? Positions::kAll : Positions::kLast;
      if (any(3) == 0) selection.top = TopSelection{.k = 1 + any(20), .positions = Positions::kAll};
      selection.token_log_probabilities = any(3) == 0;
      if (any(2) == 0) selection.embedding = EmbeddingSelection{.pooling = Pooling::kMean};
    }
    outputs.resize(inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) tasks.push_back({&inputs[i], &selections[i], &outputs[i]});
  }
};

class MemoryTest : public testing::TestWithParam<DataType> {};

TEST_P(MemoryTest, StaysFlatOverAHundredThousandBatchesOfRandomShapes) {
  auto weights = ModelWeights::Load(**SeededWeights::Create(SmallConfig(), 5), GetParam());
  ASSERT_TRUE(weights.ok()) << weights.status();
  const auto transformer =
      Transformer::Create(*std::move(weights), {.thread_count = 2, .max_batch_tokens = kMaxBatchTokens});
  ASSERT_TRUE(transformer.ok()) << transformer.status();
  std::mt19937 generator(1);
  int64_t early = 0;
  for (int batch = 0; batch < kBatches; ++batch) {
    ASSERT_TRUE((*transformer)->Forward(RandomBatch(generator).tasks).ok());
    if (batch == kBatches / 10) early = ResidentBytes();
  }
  // Eleven bytes a batch would be a million.
  EXPECT_LT(ResidentBytes() - early, 1 << 20);
}

INSTANTIATE_TEST_SUITE_P(DataTypes, MemoryTest,
                         testing::Values(DataType::kFloat32, DataType::kBfloat16, DataType::kInt8));

}  // namespace
}  // namespace attnd
