#include "engine/checkpoint/grow_layers.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/checkpoint/seeded_weights.h"
#include "engine/model/model_weights.h"
#include "engine/model/parameters.h"
#include "engine/model/transformer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/model/odd_config.h"

namespace attnd {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr uint64_t kSeed = 3;

std::unique_ptr<WeightSource> Small(ModelConfig config = OddConfig()) { return *SeededWeights::Create(config, kSeed); }

std::vector<float> Read(const WeightSource& source, const std::string& name, int64_t size) {
  std::vector<float> values(static_cast<size_t>(size));
  EXPECT_TRUE(source.Read(name, absl::MakeSpan(values)).ok()) << name;
  return values;
}

// What a sequence gives at the end of the stack.
SequenceOutput Compute(const WeightSource& source) {
  auto weights = ModelWeights::Load(source, DataType::kFloat32);
  const auto engine = Transformer::Create(*std::move(weights), {.thread_count = 2, .max_batch_tokens = 70});
  const SequenceInput input{.token_ids = {1, 2, 3, 130, 0, 7, 7}, .token_count = 7};
  const OutputSelection selection{.hidden = {{.layer = source.config().layer_count + 1, .positions = Positions::kAll},
                                             {.layer = source.config().layer_count, .positions = Positions::kAll}},
                                  .logits = Positions::kAll,
                                  .embedding = EmbeddingSelection{.pooling = Pooling::kMean}};
  SequenceOutput output;
  const SequenceTask task{.input = &input, .selection = &selection, .output = &output};
  EXPECT_TRUE((*engine)->Forward({&task, 1}).ok());
  return output;
}

class GrowLayersTest : public testing::TestWithParam<NewLayers> {};

TEST_P(GrowLayersTest, TheDeeperModelComputesTheSameToTheLastBit) {
  const SequenceOutput expected = Compute(*Small());
  for (const int64_t layer_count : {3, 4, 5, 7}) {
    const auto grown = GrowLayers(Small(), layer_count, GetParam());
    ASSERT_TRUE(grown.ok()) << grown.status();
    EXPECT_EQ((*grown)->config().layer_count, layer_count);
    const SequenceOutput output = Compute(**grown);
    EXPECT_EQ(output.hidden, expected.hidden);
    EXPECT_EQ(output.logits, expected.logits);
    EXPECT_EQ(output.embedding, expected.embedding);
  }
}

TEST_P(GrowLayersTest, NewLayersHaveZeroProjectionsAndElseTheWeightsOfTheOneBefore) {
  const auto grown = GrowLayers(Small(), 4, GetParam());
  ASSERT_TRUE(grown.ok()) << grown.status();
  // The one new layer comes behind the first where it is spread, else at the end.
  const int64_t at = GetParam() == NewLayers::kSpread ? 1 : 3;
  for (const Parameter& parameter : ModelParameters((*grown)->config())) {
    if (!parameter.name.starts_with(absl::StrCat("h.", at, "."))) continue;
    const std::string rest = parameter.name.substr(4);
    const std::vector<float> values = Read(**grown, parameter.name, parameter.element_count());
    if (rest.find("c_proj") != std::string::npos) {
      EXPECT_THAT(values, Each(0.0F)) << parameter.name;
    } else {
      const std::string before = absl::StrCat("h.", at - 1, ".", rest);
      EXPECT_EQ(values, Read(**grown, before, parameter.element_count())) << parameter.name;
    }
  }
}

TEST_P(GrowLayersTest, EveryOldLayerIsThereOnceInItsOrder) {
  for (int64_t layer_count = 3; layer_count < 20; ++layer_count) {
    const auto grown = GrowLayers(Small(), layer_count, GetParam());
    ASSERT_TRUE(grown.ok()) << grown.status();
    std::vector<float> first_weights;
    for (int64_t layer = 0; layer < layer_count; ++layer) {
      const float weight = Read(**grown, absl::StrCat("h.", layer, ".mlp.c_proj.bias"), 39).front();
      if (weight != 0) first_weights.push_back(weight);
    }
    std::vector<float> expected;
    for (int64_t layer = 0; layer < 3; ++layer) {
      expected.push_back(Read(*Small(), absl::StrCat("h.", layer, ".mlp.c_proj.bias"), 39).front());
    }
    EXPECT_EQ(first_weights, expected) << layer_count;
  }
}

TEST_P(GrowLayersTest, ItsHashTellsItFromEveryOther) {
  const std::string hash = *(*GrowLayers(Small(), 5, GetParam()))->Sha256();
  EXPECT_EQ(hash.size(), 64);
  EXPECT_NE(hash, *Small()->Sha256());
  EXPECT_NE(hash, *(*GrowLayers(Small(), 6, GetParam()))->Sha256());
  const NewLayers other = GetParam() == NewLayers::kEnd ? NewLayers::kSpread : NewLayers::kEnd;
  EXPECT_NE(hash, *(*GrowLayers(Small(), 5, other))->Sha256());
}

TEST_P(GrowLayersTest, AsManyLayersAsThereAreChangeNothing) {
  auto source = Small();
  const WeightSource* address = source.get();
  EXPECT_EQ(GrowLayers(std::move(source), 3, GetParam())->get(), address);
}

TEST_P(GrowLayersTest, FewerAreRefused) {
  const absl::Status status = GrowLayers(Small(), 2, GetParam()).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("layers = 2, must be at least the 3 of the checkpoint"));
  EXPECT_TRUE(absl::IsInvalidArgument(GrowLayers(Small(), 1'000'000, GetParam()).status()));
}

INSTANTIATE_TEST_SUITE_P(Places, GrowLayersTest, testing::Values(NewLayers::kEnd, NewLayers::kSpread));

TEST(GrowLayersTest, TwelveBecomeSixteenWithOneBehindEveryThird) {
  ModelConfig config = OddConfig();
  config.layer_count = 12;
  const auto grown = GrowLayers(Small(config), 16, NewLayers::kSpread);
  ASSERT_TRUE(grown.ok()) << grown.status();
  std::vector<int64_t> new_layers;
  for (int64_t layer = 0; layer < 16; ++layer) {
    const std::vector<float> bias = Read(**grown, absl::StrCat("h.", layer, ".attn.c_proj.bias"), 39);
    if (std::all_of(bias.begin(), bias.end(), [](float value) { return value == 0; })) new_layers.push_back(layer);
  }
  EXPECT_THAT(new_layers, ElementsAre(1, 5, 9, 13));
}

TEST(GrowLayersTest, LayersThatDependOnTheirNumberKeepIt) {
  ModelConfig config = OddConfig();
  config.scale_attention_by_layer = true;
  const absl::Status status = GrowLayers(Small(config), 5, NewLayers::kSpread).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("scale_attn_by_inverse_layer_idx"));
  const auto grown = GrowLayers(Small(config), 5, NewLayers::kEnd);
  ASSERT_TRUE(grown.ok()) << grown.status();
  EXPECT_EQ(Compute(**grown).logits, Compute(*Small(config)).logits);
}

}  // namespace
}  // namespace attnd
