// What holds for every model; tests/integration compares the numbers with an independent implementation.

#include "engine/model/transformer.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/checkpoint/seeded_weights.h"
#include "engine/model/model_weights.h"
#include "engine/ops/pooling.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/model/odd_config.h"

namespace attnd {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::SizeIs;

std::shared_ptr<const ModelWeights> LoadWeights(DataType type = DataType::kFloat32,
                                                const ModelConfig& config = OddConfig()) {
  auto weights = ModelWeights::Load(**SeededWeights::Create(config, 5), type);
  EXPECT_TRUE(weights.ok()) << weights.status();
  return *std::move(weights);
}

std::unique_ptr<Transformer> CreateTransformer(int thread_count = 2, DataType type = DataType::kFloat32,
                                               const ModelConfig& config = OddConfig()) {
  auto transformer =
      Transformer::Create(LoadWeights(type, config), {.thread_count = thread_count, .max_batch_tokens = 300});
  EXPECT_TRUE(transformer.ok()) << transformer.status();
  return *std::move(transformer);
}

const OutputSelection kEverything = {.hidden = {{.layer = 0, .positions = Positions::kAll},
                                                {.layer = 2, .positions = Positions::kAll},
                                                {.layer = 4, .positions = Positions::kAll}},
                                     .logits = Positions::kAll,
                                     .embedding = EmbeddingSelection{.pooling = Pooling::kMean},
                                     .top = TopSelection{.k = 5, .positions = Positions::kAll}};

std::vector<SequenceOutput> Forward(Transformer& transformer, const std::vector<SequenceInput>& inputs,
                                    const OutputSelection& selection) {
  std::vector<SequenceOutput> outputs(inputs.size());
  std::vector<SequenceTask> batch;
  for (size_t i = 0; i < inputs.size(); ++i) {
    batch.push_back({.input = &inputs[i], .selection = &selection, .output = &outputs[i]});
  }
  const absl::Status status = transformer.Forward(batch);
  EXPECT_TRUE(status.ok()) << status;
  return outputs;
}

void ExpectSameBytes(const SequenceOutput& a, const SequenceOutput& b) {
  EXPECT_EQ(a.hidden, b.hidden);
  EXPECT_EQ(a.logits, b.logits);
  EXPECT_EQ(a.embedding, b.embedding);
  EXPECT_EQ(a.top.ids, b.top.ids);
  EXPECT_EQ(a.top.logits, b.top.logits);
  EXPECT_EQ(a.top.log_probabilities, b.top.log_probabilities);
}

struct TypeAndSizes {
  DataType type;
  const char* sizes;
  ModelConfig config;
};

// Sizes of which all are even, or whose heads have odd lengths within even rows.
ModelConfig EvenConfig(int64_t head_count) {
  ModelConfig config = OddConfig();
  config.embedding_length = 42;
  config.head_count = head_count;
  config.feed_forward_length = 102;
  return config;
}

std::vector<TypeAndSizes> TypesAndSizes() {
  std::vector<TypeAndSizes> all;
  for (const DataType type : {DataType::kFloat32, DataType::kBfloat16, DataType::kInt8}) {
    all.push_back({type, "OddSizes", OddConfig()});
    all.push_back({type, "EvenSizes", EvenConfig(3)});
    all.push_back({type, "OddHeads", EvenConfig(14)});
  }
  return all;
}

class DataTypeTest : public testing::TestWithParam<TypeAndSizes> {
 protected:
  static std::unique_ptr<Transformer> Create(int thread_count = 2) {
    return CreateTransformer(thread_count, GetParam().type, GetParam().config);
  }
};

TEST_P(DataTypeTest, ASequenceGetsTheSameBytesAloneAndInAnyBatch) {
  const auto transformer = Create();
  std::vector<SequenceInput> inputs;
  for (const int64_t length : {1, 70, 2, 33, 5, 64, 17}) {
    inputs.push_back(OddIds(length, static_cast<int64_t>(inputs.size())));
  }
  std::vector<SequenceOutput> alone;
  for (const SequenceInput& input : inputs) alone.push_back(Forward(*transformer, {input}, kEverything)[0]);
  std::mt19937 generator(1);
  std::vector<size_t> order(inputs.size());
  std::iota(order.begin(), order.end(), size_t{0});
  for (int round = 0; round < 20; ++round) {
    // Some of them, in any order.
    std::shuffle(order.begin(), order.end(), generator);
    const size_t count = 1 + generator() % order.size();
    std::vector<SequenceInput> batch;
    for (size_t i = 0; i < count; ++i) batch.push_back(inputs[order[i]]);
    const auto together = Forward(*transformer, batch, kEverything);
    for (size_t i = 0; i < count; ++i) {
      SCOPED_TRACE(batch[i].token_count);
      ExpectSameBytes(together[i], alone[order[i]]);
    }
  }
}

TEST_P(DataTypeTest, TheNumberOfThreadsDoesNotChangeTheBytes) {
  const std::vector<SequenceInput> inputs = {OddIds(50, 1), OddIds(9, 2), OddIds(70, 3)};
  const auto expected = Forward(*Create(1), inputs, kEverything);
  for (const int thread_count : {2, 3, 5}) {
    const auto outputs = Forward(*Create(thread_count), inputs, kEverything);
    for (size_t i = 0; i < inputs.size(); ++i) ExpectSameBytes(outputs[i], expected[i]);
  }
}

TEST_P(DataTypeTest, EmbeddingsAreCloseToThoseOfFloat32) {
  const OutputSelection selection{.embedding = EmbeddingSelection{.pooling = Pooling::kMean}};
  const auto floats = CreateTransformer(2, DataType::kFloat32, GetParam().config);
  const auto exact = Forward(*floats, {OddIds(50, 1)}, selection)[0].embedding;
  const auto embedding = Forward(*Create(), {OddIds(50, 1)}, selection)[0].embedding;
  double cosine = 0;
  for (size_t c = 0; c < exact.size(); ++c) cosine += static_cast<double>(exact[c]) * static_cast<double>(embedding[c]);
  EXPECT_GE(cosine, GetParam().type == DataType::kInt8 ? 0.999 : 0.9998);
}

TEST_P(DataTypeTest, SaysWhatItComputesWith) {
  const EngineInfo info = Create()->info();
  EXPECT_EQ(info.data_type, GetParam().type);
  EXPECT_THAT(info.linear_implementation, testing::Not(testing::IsEmpty()));
  EXPECT_THAT(info.output_head_implementation,
              testing::EndsWith(GetParam().type == DataType::kFloat32 ? "f32" : "bf16"));
}

INSTANTIATE_TEST_SUITE_P(DataTypes, DataTypeTest, testing::ValuesIn(TypesAndSizes()), [](const auto& each) {
  return absl::StrCat(DataTypeName(each.param.type), each.param.sizes);
});

TEST(TransformerTest, ABatchThatNobodyWaitsForStopsBeforeTheNextLayer) {
  const auto transformer = CreateTransformer();
  const SequenceInput input = OddIds(12, 1);
  const auto expected = Forward(*transformer, {input}, kEverything);
  SequenceOutput output;
  const SequenceTask task{.input = &input, .selection = &kEverything, .output = &output};
  // Three layers: asked before each.
  for (int asked_before_giving_up = 0; asked_before_giving_up <= 3; ++asked_before_giving_up) {
    int asked = 0;
    const absl::Status status = transformer->Forward({&task, 1}, [&] { return asked++ == asked_before_giving_up; });
    if (asked_before_giving_up < 3) {
      EXPECT_TRUE(absl::IsCancelled(status)) << status;
      EXPECT_EQ(asked, asked_before_giving_up + 1);
    } else {
      EXPECT_TRUE(status.ok()) << status;
      EXPECT_EQ(asked, 3);
    }
  }
  ExpectSameBytes(output, expected[0]);
}

TEST(TransformerTest, TheLastPositionIsTheLastRowOfAll) {
  const auto transformer = CreateTransformer();
  const std::vector<SequenceInput> inputs = {OddIds(12, 1), OddIds(1, 2)};
  OutputSelection last = kEverything;
  for (HiddenSelection& hidden : last.hidden) hidden.positions = Positions::kLast;
  last.logits = Positions::kLast;
  const auto all_outputs = Forward(*transformer, inputs, kEverything);
  const auto last_outputs = Forward(*transformer, inputs, last);
  const auto tail = [](const std::vector<float>& rows, int64_t columns) {
    return std::vector<float>(rows.end() - columns, rows.end());
  };
  for (size_t i = 0; i < inputs.size(); ++i) {
    for (size_t j = 0; j < last.hidden.size(); ++j) {
      EXPECT_THAT(last_outputs[i].hidden[j], ElementsAreArray(tail(all_outputs[i].hidden[j], 39)));
    }
    EXPECT_THAT(last_outputs[i].logits, ElementsAreArray(tail(all_outputs[i].logits, 131)));
  }
}

TEST(TransformerTest, LaterTokensDoNotChangeEarlierRows) {
  const auto transformer = CreateTransformer();
  const SequenceInput whole = OddIds(40, 4);
  SequenceInput start = whole;
  start.token_ids.resize(23);
  start.token_count = 23;
  const auto outputs = Forward(*transformer, {whole, start}, kEverything);
  for (size_t j = 0; j < kEverything.hidden.size(); ++j) {
    const std::vector<float>& rows = outputs[0].hidden[j];
    EXPECT_THAT(outputs[1].hidden[j], ElementsAreArray(rows.begin(), rows.begin() + 23 * 39));
  }
}

TEST(TransformerTest, HiddenStatesEnterInPlaceOfTheEmbeddings) {
  const auto transformer = CreateTransformer();
  const auto from_ids = Forward(*transformer, {OddIds(21, 8)}, kEverything);
  const SequenceInput hidden{.hidden = from_ids[0].hidden[0], .token_count = 21};
  ExpectSameBytes(Forward(*transformer, {hidden}, kEverything)[0], from_ids[0]);
}

TEST(TransformerTest, PoolsTheFinalRowsAndNormalisesWhereAsked) {
  const auto transformer = CreateTransformer();
  const std::vector<SequenceInput> inputs = {OddIds(11, 2)};
  const auto embed = [&](Pooling pooling, bool normalize) {
    const OutputSelection selection{.embedding = EmbeddingSelection{.pooling = pooling, .normalize = normalize}};
    return Forward(*transformer, inputs, selection)[0].embedding;
  };
  const std::vector<float> rows = Forward(*transformer, inputs, kEverything)[0].hidden[2];
  EXPECT_THAT(embed(Pooling::kLast, false), ElementsAreArray(rows.end() - 39, rows.end()));
  const std::vector<float> mean = embed(Pooling::kMean, false);
  const std::vector<float> unit = embed(Pooling::kMean, true);
  double squares = 0;
  for (size_t c = 0; c < 39; ++c) {
    double sum = 0;
    for (size_t t = 0; t < 11; ++t) sum += static_cast<double>(rows[t * 39 + c]);
    EXPECT_NEAR(mean[c], sum / 11, 1e-6) << c;
    squares += std::pow(static_cast<double>(mean[c]), 2);
  }
  for (size_t c = 0; c < 39; ++c) EXPECT_NEAR(unit[c], static_cast<double>(mean[c]) / std::sqrt(squares), 1e-6);
}

TEST(TransformerTest, AnEmbeddingMayBeCutBeforeItIsNormalised) {
  const auto transformer = CreateTransformer();
  const std::vector<SequenceInput> inputs = {OddIds(11, 2)};
  for (const Pooling pooling : {Pooling::kLast, Pooling::kMean, Pooling::kWeightedMean}) {
    const auto embed = [&](int64_t dimensions, bool normalize) {
      const OutputSelection selection{
          .embedding = EmbeddingSelection{.pooling = pooling, .dimensions = dimensions, .normalize = normalize}};
      return Forward(*transformer, inputs, selection)[0].embedding;
    };
    std::vector<float> first = embed(39, false);
    EXPECT_EQ(embed(0, false), first);
    first.resize(17);
    EXPECT_EQ(embed(17, false), first);
    NormalizeToUnitLength(absl::MakeSpan(first));
    EXPECT_EQ(embed(17, true), first);
  }
}

TEST(TransformerTest, FillsABatchToItsLastToken) {
  const auto transformer = CreateTransformer();
  const std::vector<SequenceInput> inputs = {OddIds(70, 1), OddIds(70, 2), OddIds(70, 3), OddIds(70, 4), OddIds(20, 5)};
  const auto outputs = Forward(*transformer, inputs, {.logits = Positions::kAll});
  EXPECT_THAT(outputs[4].logits, SizeIs(20 * 131));
}

TEST(TransformerTest, DescribesItselfAndItsWeights) {
  const auto transformer = CreateTransformer();
  const auto weights = SeededWeights::Create(OddConfig(), 5);
  EXPECT_EQ(transformer->info().weights_sha256, *(*weights)->Sha256());
  EXPECT_EQ(transformer->info().thread_count, 2);
  EXPECT_EQ(transformer->info().max_batch_tokens, 300);
  EXPECT_EQ(transformer->info().parameter_count,
            131 * 39 + 70 * 39 + 3 * (4 * 39 + 39 * 4 * 39 + 4 * 39 + 2 * 39 * 101 + 101 + 39) + 2 * 39);
  EXPECT_FALSE(transformer->info().isa.empty());
}

TEST(TransformerTest, ABatchMustHoldTheLongestInput) {
  const absl::Status status = Transformer::Create(LoadWeights(), {.max_batch_tokens = 69}).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(status.message(),
              HasSubstr("max_batch_tokens = 69, must be at least the context length of the model, 70"));
}

// One engine may compute while another one does: they share nothing that is written.
TEST(TransformerTest, EnginesThatShareWeightsComputeTheSameAtOnce) {
  const auto weights = LoadWeights();
  const std::vector<SequenceInput> inputs = {OddIds(70, 1), OddIds(13, 2)};
  const auto expected = Forward(*CreateTransformer(), inputs, kEverything);
  std::vector<std::vector<SequenceOutput>> outputs(3);
  std::vector<std::thread> threads;
  for (auto& output : outputs) {
    threads.emplace_back([&] {
      const auto engine = Transformer::Create(weights, {.thread_count = 2, .max_batch_tokens = 300});
      ASSERT_TRUE(engine.ok()) << engine.status();
      output = Forward(**engine, inputs, kEverything);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& output : outputs) {
    for (size_t i = 0; i < inputs.size(); ++i) ExpectSameBytes(output[i], expected[i]);
  }
}

}  // namespace
}  // namespace attnd
