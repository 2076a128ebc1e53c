#include "engine/checkpoint/seeded_weights.h"

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "engine/model/parameters.h"
#include "gtest/gtest.h"
#include "tests/engine/checkpoint/checkpoint_files.h"
#include "tests/engine/checkpoint/draw.h"

namespace attnd {
namespace {

// The definition is a contract: other implementations, such as tests/oracle, draw the same.
TEST(SeededWeightsTest, TheDefaultModelsWeightsStayWhatTheyAre) {
  const auto weights = SeededWeights::Create(ModelConfig(), 0);
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_EQ(*(*weights)->Sha256(), "3ecfcc5e13459bb99a9e0eef7ee2c58616ccfe36a8ece1f098c9bf644edfbade");
}

TEST(SeededWeightsTest, SeedsAndTensorsDifferAndASeedRepeats) {
  const auto weights = SeededWeights::Create(SmallConfig(), 1);
  const auto again = SeededWeights::Create(SmallConfig(), 1);
  const auto other = SeededWeights::Create(SmallConfig(), 2);
  EXPECT_EQ(Draw(**weights, "h.0.mlp.c_fc.weight", 64), Draw(**again, "h.0.mlp.c_fc.weight", 64));
  EXPECT_NE(Draw(**weights, "h.0.mlp.c_fc.weight", 64), Draw(**other, "h.0.mlp.c_fc.weight", 64));
  EXPECT_NE(Draw(**weights, "h.0.mlp.c_fc.weight", 64), Draw(**weights, "h.1.mlp.c_fc.weight", 64));
}

TEST(SeededWeightsTest, HaveGpt2sDeviationAndNormGainsAroundOne) {
  const auto weights = SeededWeights::Create(ModelConfig(), 3);
  const std::vector<float> values = Draw(**weights, "h.0.attn.c_proj.weight", 768 * 768);
  double sum = 0;
  double squares = 0;
  for (const float value : values) {
    sum += static_cast<double>(value);
    squares += std::pow(static_cast<double>(value), 2);
  }
  const auto count = static_cast<double>(values.size());
  EXPECT_NEAR(sum / count, 0, 1e-4);
  EXPECT_NEAR(std::sqrt(squares / count), 0.02, 1e-4);
  for (const float gain : Draw(**weights, "ln_f.weight", 768)) EXPECT_NEAR(gain, 1, 0.08);
}

TEST(SeededWeightsTest, RefusesAConfigurationOutOfRange) {
  ModelConfig config;
  config.layer_count = 0;
  EXPECT_TRUE(absl::IsInvalidArgument(SeededWeights::Create(config, 0).status()));
}

}  // namespace
}  // namespace attnd
