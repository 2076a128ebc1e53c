#include "engine/checkpoint/initial_weights.h"

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "engine/checkpoint/normal_quantile.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/checkpoint/checkpoint_files.h"
#include "tests/engine/checkpoint/draw.h"

namespace attnd {
namespace {

using testing::Each;

// P(x < value) of a standard normal x.
double NormalProbability(double value) { return std::erfc(-value / std::sqrt(2)) / 2; }

TEST(NormalQuantileTest, InvertsTheDistribution) {
  for (double value = -8; value <= 5; value += 0.01) {
    EXPECT_NEAR(NormalQuantile(NormalProbability(value)), value, 2e-7 * std::abs(value) + 1e-9) << value;
  }
}

TEST(NormalQuantileTest, IsSymmetric) {
  EXPECT_EQ(NormalQuantile(0.5), 0);
  for (const double probability : {0x1p-50, 0.0009765625, 0.0625, 0.25, 0.375}) {
    EXPECT_EQ(NormalQuantile(probability), -NormalQuantile(1 - probability)) << probability;
  }
}

struct Moments {
  double mean = 0;
  double deviation = 0;
  double kurtosis = 0;
};

Moments MomentsOf(const std::vector<float>& values) {
  const auto count = static_cast<double>(values.size());
  Moments moments;
  for (const float value : values) moments.mean += static_cast<double>(value) / count;
  double second = 0;
  double fourth = 0;
  for (const float value : values) {
    const double difference = static_cast<double>(value) - moments.mean;
    second += std::pow(difference, 2) / count;
    fourth += std::pow(difference, 4) / count;
  }
  moments.deviation = std::sqrt(second);
  moments.kurtosis = fourth / (second * second);
  return moments;
}

// GPT-2 small.
ModelConfig TwelveLayers() {
  ModelConfig config;
  config.layer_count = 12;
  return config;
}

TEST(InitialWeightsTest, AreNormalWithGpt2sDeviations) {
  const auto weights = InitialWeights::Create(TwelveLayers(), 1);
  ASSERT_TRUE(weights.ok()) << weights.status();
  const struct {
    const char* name;
    size_t size;
    double deviation;
  } cases[] = {{"wte.weight", 50257 * 768, 0.02},
               {"wpe.weight", 1024 * 768, 0.02},
               {"h.11.attn.c_attn.weight", 768 * 2304, 0.02},
               {"h.3.mlp.c_fc.weight", 768 * 3072, 0.02},
               {"h.0.attn.c_proj.weight", 768 * 768, 0.02 / std::sqrt(24)},
               {"h.7.mlp.c_proj.weight", 3072 * 768, 0.02 / std::sqrt(24)}};
  for (const auto& [name, size, deviation] : cases) {
    const Moments moments = MomentsOf(Draw(**weights, name, size));
    // Five standard errors of each.
    const auto root = std::sqrt(static_cast<double>(size));
    EXPECT_NEAR(moments.mean, 0, 5 * deviation / root) << name;
    EXPECT_NEAR(moments.deviation, deviation, 5 * deviation / std::sqrt(2) / root) << name;
    EXPECT_NEAR(moments.kurtosis, 3, 5 * std::sqrt(24) / root) << name;
  }
}

TEST(InitialWeightsTest, NormsChangeNothingAndBiasesAreZero) {
  const auto weights = InitialWeights::Create(SmallConfig(), 1);
  EXPECT_THAT(Draw(**weights, "h.1.ln_2.weight", 4), Each(1.0F));
  EXPECT_THAT(Draw(**weights, "ln_f.bias", 4), Each(0.0F));
  EXPECT_THAT(Draw(**weights, "h.0.attn.c_attn.bias", 12), Each(0.0F));
}

TEST(InitialWeightsTest, ATensorDependsOnSeedAndNameAlone) {
  const auto weights = InitialWeights::Create(SmallConfig(), 1);
  ModelConfig config = SmallConfig();
  config.layer_count = 7;
  config.vocabulary_size = 11;
  const auto larger = InitialWeights::Create(config, 1);
  const auto other = InitialWeights::Create(SmallConfig(), 2);
  const std::string name = "h.1.mlp.c_fc.weight";
  EXPECT_EQ(Draw(**weights, name, 64), Draw(**larger, name, 64));
  EXPECT_NE(Draw(**weights, name, 64), Draw(**other, name, 64));
  EXPECT_NE(Draw(**weights, name, 64), Draw(**weights, "h.0.mlp.c_fc.weight", 64));
}

// The definition is a contract: a seed names the same model on every machine, today and later.
TEST(InitialWeightsTest, StayWhatTheyAre) {
  ModelConfig config = SmallConfig();
  config.vocabulary_size = 5000;
  const auto weights = InitialWeights::Create(config, 20261125);
  EXPECT_EQ(*(*weights)->Sha256(), "cf9b1bf8eddb4326cdf3004204d8eecc253911070fb4ba44eb8704967d6e9680");
}

TEST(InitialWeightsTest, RefuseAConfigurationOutOfRange) {
  ModelConfig config;
  config.head_count = 7;
  EXPECT_TRUE(absl::IsInvalidArgument(InitialWeights::Create(config, 0).status()));
}

}  // namespace
}  // namespace attnd
