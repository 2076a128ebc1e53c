#include "engine/model/config.h"

#include <cstdint>
#include <limits>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd {
namespace {

using testing::HasSubstr;

TEST(ValidateConfigTest, TheDefaultModelIsValid) { EXPECT_TRUE(ValidateConfig(ModelConfig()).ok()); }

TEST(ValidateConfigTest, EverySizeIsBoundedFromBothSides) {
  for (int64_t ModelConfig::* field :
       {&ModelConfig::vocabulary_size, &ModelConfig::context_length, &ModelConfig::embedding_length,
        &ModelConfig::head_count, &ModelConfig::layer_count, &ModelConfig::feed_forward_length}) {
    for (const int64_t size : {int64_t{0}, int64_t{-1}, INT64_MIN, INT64_MAX}) {
      ModelConfig config;
      config.*field = size;
      EXPECT_TRUE(absl::IsInvalidArgument(ValidateConfig(config))) << size;
    }
  }
}

TEST(ValidateConfigTest, TheEpsilonMustBePositiveAndFinite) {
  for (const float epsilon :
       {0.0F, -1e-5F, 1e-40F, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    ModelConfig config;
    config.layer_norm_epsilon = epsilon;
    EXPECT_THAT(ValidateConfig(config).message(), HasSubstr("layer_norm_epsilon")) << epsilon;
  }
}

}  // namespace
}  // namespace attnd
