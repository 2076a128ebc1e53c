// What is made of logits equals what all logits of the same engine give.

#include "engine/model/output_head.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "engine/checkpoint/seeded_weights.h"
#include "engine/model/model_weights.h"
#include "engine/model/transformer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/model/odd_config.h"

namespace attnd {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::Truly;

constexpr int64_t kVocabulary = 131;
constexpr size_t kColumns = 131;

class OutputHeadTest : public testing::TestWithParam<DataType> {
 protected:
  OutputHeadTest() {
    auto weights = ModelWeights::Load(**SeededWeights::Create(OddConfig(), 5), GetParam());
    EXPECT_TRUE(weights.ok()) << weights.status();
    auto transformer = Transformer::Create(*std::move(weights), {.thread_count = 2, .max_batch_tokens = 300});
    EXPECT_TRUE(transformer.ok()) << transformer.status();
    transformer_ = *std::move(transformer);
  }

  // Each input with its selection.
  std::vector<SequenceOutput> Forward(const std::vector<SequenceInput>& inputs,
                                      const std::vector<OutputSelection>& selections) {
    std::vector<SequenceOutput> outputs(inputs.size());
    std::vector<SequenceTask> batch;
    for (size_t i = 0; i < inputs.size(); ++i) {
      batch.push_back({.input = &inputs[i], .selection = &selections[i], .output = &outputs[i]});
    }
    const absl::Status status = transformer_->Forward(batch);
    EXPECT_TRUE(status.ok()) << status;
    return outputs;
  }

  SequenceOutput ForwardOne(const SequenceInput& input, const OutputSelection& selection) {
    return std::move(Forward({input}, {selection})[0]);
  }

  // Row `position` of all logits.
  std::vector<float> LogitsAt(const SequenceInput& input, size_t position) {
    const std::vector<float> logits = ForwardOne(input, {.logits = Positions::kAll}).logits;
    const auto begin = logits.begin() + static_cast<std::ptrdiff_t>(position * kColumns);
    return {begin, begin + kVocabulary};
  }

  std::unique_ptr<Transformer> transformer_;
};

double LogProbability(const std::vector<float>& logits, int32_t token) {
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
  return static_cast<double>(logits[static_cast<size_t>(token)]) - std::log(sum);
}

TEST_P(OutputHeadTest, ListedPositionsAreTheRowsOfAllInTheOrderAskedFor) {
  const SequenceInput input = OddIds(70, 3);
  const OutputSelection all{
      .hidden = {{.layer = 2, .positions = Positions::kAll}, {.layer = 4, .positions = Positions::kAll}},
      .logits = Positions::kAll};
  const PositionSelection listed(std::vector<int32_t>{40, 0, 69, 41});
  const OutputSelection some{.hidden = {{.layer = 2, .positions = listed}, {.layer = 4, .positions = listed}},
                             .logits = listed};
  const SequenceOutput expected = ForwardOne(input, all);
  const SequenceOutput output = ForwardOne(input, some);
  const auto rows = [&](const std::vector<float>& values, std::ptrdiff_t columns) {
    std::vector<float> picked;
    for (const int32_t position : listed.listed) {
      const auto begin = values.begin() + position * columns;
      picked.insert(picked.end(), begin, begin + columns);
    }
    return picked;
  };
  EXPECT_EQ(output.hidden[0], rows(expected.hidden[0], 39));
  EXPECT_EQ(output.hidden[1], rows(expected.hidden[1], 39));
  EXPECT_EQ(output.logits, rows(expected.logits, kVocabulary));
}

TEST_P(OutputHeadTest, TheLikeliestTokensAreTheLargestLogits) {
  const SequenceInput input = OddIds(30, 2);
  const SequenceOutput output =
      ForwardOne(input, {.top = TopSelection{.k = 4, .positions = PositionSelection(std::vector<int32_t>{29, 3})}});
  ASSERT_THAT(output.top.ids, SizeIs(8));
  EXPECT_THAT(output.logits, IsEmpty());
  for (size_t row = 0; row < 2; ++row) {
    const std::vector<float> logits = LogitsAt(input, row == 0 ? 29 : 3);
    std::vector<int32_t> order(kColumns);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
      return logits[static_cast<size_t>(a)] > logits[static_cast<size_t>(b)];
    });
    for (size_t i = 0; i < 4; ++i) {
      const int32_t token = output.top.ids[row * 4 + i];
      EXPECT_EQ(token, order[i]);
      EXPECT_EQ(output.top.logits[row * 4 + i], logits[static_cast<size_t>(token)]);
      EXPECT_NEAR(output.top.log_probabilities[row * 4 + i], LogProbability(logits, token), 1e-5);
    }
  }
}

TEST_P(OutputHeadTest, TheProbabilitiesOfAllTokensAddUpToOne) {
  const SequenceOutput output = ForwardOne(OddIds(5, 1), {.top = TopSelection{.k = kVocabulary}});
  double sum = 0;
  for (const float value : output.top.log_probabilities) sum += std::exp(static_cast<double>(value));
  EXPECT_NEAR(sum, 1, 1e-5);
  EXPECT_TRUE(std::is_sorted(output.top.logits.rbegin(), output.top.logits.rend()));
}

TEST_P(OutputHeadTest, EveryTokenButTheFirstHasItsLogProbability) {
  const SequenceInput input = OddIds(20, 9);
  const SequenceOutput output = ForwardOne(input, {.token_log_probabilities = true});
  ASSERT_THAT(output.token_log_probabilities, SizeIs(19));
  for (size_t t = 0; t < 19; ++t) {
    EXPECT_NEAR(output.token_log_probabilities[t], LogProbability(LogitsAt(input, t), input.token_ids[t + 1]), 1e-5);
  }
  EXPECT_THAT(ForwardOne(OddIds(1, 1), {.token_log_probabilities = true}).token_log_probabilities, IsEmpty());
}

// More rows than are computed at a time, some of them wanted for several things.
TEST_P(OutputHeadTest, EveryOutputHasTheSameBytesAloneAndBesideOthers) {
  std::vector<SequenceInput> inputs;
  for (const int64_t length : {70, 1, 66, 70, 9, 70})
    inputs.push_back(OddIds(length, static_cast<int64_t>(inputs.size())));
  const OutputSelection kinds[] = {{.logits = Positions::kAll,
                                    .top = TopSelection{.k = 3, .positions = Positions::kAll},
                                    .token_log_probabilities = true},
                                   {.top = TopSelection{.k = 7, .positions = Positions::kAll}},
                                   {.token_log_probabilities = true},
                                   {.logits = PositionSelection(std::vector<int32_t>{0}), .top = TopSelection{.k = 1}},
                                   {.embedding = EmbeddingSelection{}}};
  std::mt19937 generator(1);
  for (int round = 0; round < 20; ++round) {
    std::shuffle(inputs.begin(), inputs.end(), generator);
    std::vector<OutputSelection> selections;
    for (size_t i = 0; i < inputs.size(); ++i) selections.push_back(kinds[generator() % std::size(kinds)]);
    // Not more than a batch holds.
    const std::vector<SequenceInput> some(inputs.begin(), inputs.begin() + 4);
    const std::vector<SequenceOutput> together = Forward(some, selections);
    for (size_t i = 0; i < some.size(); ++i) {
      const SequenceOutput alone = ForwardOne(some[i], selections[i]);
      EXPECT_EQ(together[i].logits, alone.logits);
      EXPECT_EQ(together[i].top.ids, alone.top.ids);
      EXPECT_EQ(together[i].top.logits, alone.top.logits);
      EXPECT_EQ(together[i].top.log_probabilities, alone.top.log_probabilities);
      EXPECT_EQ(together[i].token_log_probabilities, alone.token_log_probabilities);
      EXPECT_EQ(together[i].embedding, alone.embedding);
    }
  }
}

TEST_P(OutputHeadTest, LogitsThatAreNotFiniteHaveAnOrderAndNoProbability) {
  SequenceInput input{.token_count = 3};
  for (int i = 0; i < 3 * 39; ++i) input.hidden.push_back(i % 3 == 0 ? -3e38F : 3e38F);
  const SequenceOutput output = ForwardOne(input, {.top = TopSelection{.k = 5, .positions = Positions::kAll}});
  ASSERT_THAT(output.top.ids, SizeIs(15));
  EXPECT_THAT(std::vector<int32_t>(output.top.ids.begin(), output.top.ids.begin() + 5), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(output.top.log_probabilities, Each(Truly([](float value) { return std::isnan(value); })));
}

INSTANTIATE_TEST_SUITE_P(DataTypes, OutputHeadTest, testing::Values(DataType::kFloat32, DataType::kBfloat16),
                         [](const auto& each) { return std::string(DataTypeName(each.param)); });

}  // namespace
}  // namespace attnd
