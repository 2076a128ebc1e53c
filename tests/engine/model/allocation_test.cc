#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "engine/checkpoint/seeded_weights.h"
#include "engine/model/model_weights.h"
#include "engine/model/transformer.h"
#include "gtest/gtest.h"
#include "tests/engine/model/allocation_counter.h"

namespace attnd {
namespace {

class AllocationTest : public testing::TestWithParam<DataType> {};

TEST_P(AllocationTest, AForwardPassAllocatesNothingOnceItHasSeenABatchAsLarge) {
  const auto weights = SeededWeights::Create({.vocabulary_size = 131,
                                              .context_length = 70,
                                              .embedding_length = 64,
                                              .head_count = 4,
                                              .layer_count = 3,
                                              .feed_forward_length = 256},
                                             5);
  auto packed = ModelWeights::Load(**weights, GetParam());
  ASSERT_TRUE(packed.ok()) << packed.status();
  const auto transformer = Transformer::Create(*std::move(packed), {.thread_count = 2, .max_batch_tokens = 300});
  ASSERT_TRUE(transformer.ok()) << transformer.status();
  if (!(*transformer)->info().linear_implementation.starts_with("panels")) {
    GTEST_SKIP() << "oneDNN, which computes this type here, allocates in every call";
  }
  const OutputSelection selection{.hidden = {{.layer = 1, .positions = Positions::kAll}},
                                  .logits = Positions::kAll,
                                  .embedding = EmbeddingSelection{.pooling = Pooling::kMean},
                                  .top = TopSelection{.k = 9, .positions = Positions::kAll},
                                  .token_log_probabilities = true};
  std::vector<SequenceInput> inputs;
  for (const int64_t length : {70, 1, 33, 70}) {
    inputs.push_back({.token_ids = std::vector<int32_t>(static_cast<size_t>(length), 7), .token_count = length});
  }
  std::vector<SequenceOutput> outputs(inputs.size());
  std::vector<SequenceTask> batch;
  for (size_t i = 0; i < inputs.size(); ++i) batch.push_back({&inputs[i], &selection, &outputs[i]});
  ASSERT_TRUE((*transformer)->Forward(batch).ok());

  const int64_t before = AllocationCount();
  std::mt19937 generator(1);
  for (int round = 0; round < 1000; ++round) {
    // Some of the sequences, in any order.
    std::shuffle(batch.begin(), batch.end(), generator);
    const size_t count = 1 + generator() % batch.size();
    ASSERT_TRUE((*transformer)->Forward(absl::MakeSpan(batch).first(count)).ok());
  }
  EXPECT_EQ(AllocationCount() - before, 0);
}

INSTANTIATE_TEST_SUITE_P(DataTypes, AllocationTest,
                         testing::Values(DataType::kFloat32, DataType::kBfloat16, DataType::kInt8));

}  // namespace
}  // namespace attnd
