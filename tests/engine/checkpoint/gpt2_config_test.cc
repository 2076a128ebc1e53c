#include "engine/checkpoint/gpt2_config.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace attnd {
namespace {

using testing::AllOf;
using testing::HasSubstr;

nlohmann::json Valid() {
  return {{"vocab_size", 50257}, {"n_positions", 1024}, {"n_embd", 768}, {"n_head", 12}, {"n_layer", 12}};
}

// The error for Valid() with `key` set to `value`, or without it for null.
absl::Status ErrorWith(const char* key, const nlohmann::json& value) {
  nlohmann::json config = Valid();
  config[key] = value;
  return ParseGpt2Config(config.dump()).status();
}

TEST(ParseGpt2ConfigTest, GivesHuggingFacesDefaultsToWhatIsAbsent) {
  const auto config = ParseGpt2Config(Valid().dump());
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->vocabulary_size, 50257);
  EXPECT_EQ(config->context_length, 1024);
  EXPECT_EQ(config->embedding_length, 768);
  EXPECT_EQ(config->head_count, 12);
  EXPECT_EQ(config->layer_count, 12);
  EXPECT_EQ(config->feed_forward_length, 3072);
  EXPECT_EQ(config->layer_norm_epsilon, 1e-5F);
  EXPECT_EQ(config->activation, Activation::kGeluTanh);
  EXPECT_TRUE(config->scale_attention);
  EXPECT_FALSE(config->scale_attention_by_layer);
  EXPECT_TRUE(config->tied_output_head);
}

TEST(ParseGpt2ConfigTest, ReadsEveryKeyItKnows) {
  nlohmann::json json = Valid();
  json.update({{"n_inner", 100},
               {"layer_norm_epsilon", 0.25},
               {"activation_function", "gelu"},
               {"scale_attn_weights", false},
               {"scale_attn_by_inverse_layer_idx", true},
               {"tie_word_embeddings", false}});
  const auto config = ParseGpt2Config(json.dump());
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->feed_forward_length, 100);
  EXPECT_EQ(config->layer_norm_epsilon, 0.25F);
  EXPECT_EQ(config->activation, Activation::kGeluErf);
  EXPECT_FALSE(config->scale_attention);
  EXPECT_TRUE(config->scale_attention_by_layer);
  EXPECT_FALSE(config->tied_output_head);
}

TEST(ParseGpt2ConfigTest, TakesNCtxWhereNPositionsIsAbsent) {
  nlohmann::json json = Valid();
  json.erase("n_positions");
  json["n_ctx"] = 77;
  const auto config = ParseGpt2Config(json.dump());
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->context_length, 77);
}

TEST(ParseGpt2ConfigTest, ASizeThatIsMissingIsNamed) {
  for (const char* key : {"vocab_size", "n_positions", "n_embd", "n_head", "n_layer"}) {
    const absl::Status status = ErrorWith(key, nullptr);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_THAT(status.message(), HasSubstr(key));
  }
}

TEST(ParseGpt2ConfigTest, AValueOutOfRangeIsNamedWithItsLimit) {
  for (const char* key : {"vocab_size", "n_positions", "n_embd", "n_head", "n_layer", "n_inner"}) {
    for (const nlohmann::json& value : {nlohmann::json(0), nlohmann::json(-1), nlohmann::json(INT64_MAX),
                                        nlohmann::json(INT64_MIN), nlohmann::json(UINT64_MAX)}) {
      const absl::Status status = ErrorWith(key, value);
      EXPECT_TRUE(absl::IsInvalidArgument(status)) << key << " " << value << ": " << status;
      EXPECT_THAT(status.message(), AllOf(HasSubstr(absl::StrCat(key, " = ", value.dump())), HasSubstr("must be")));
    }
  }
}

TEST(ParseGpt2ConfigTest, AValueOfAnotherTypeIsNamed) {
  for (const char* key : {"vocab_size", "n_inner", "layer_norm_epsilon", "activation_function", "scale_attn_weights",
                          "scale_attn_by_inverse_layer_idx", "tie_word_embeddings", "model_type"}) {
    const absl::Status status = ErrorWith(key, nlohmann::json::array({1}));
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_THAT(status.message(), HasSubstr(absl::StrCat(key, " = [1], must be")));
  }
  EXPECT_THAT(ErrorWith("n_embd", 768.5).message(), HasSubstr("n_embd = 768.5, must be an integer"));
  EXPECT_THAT(ErrorWith("n_embd", "768").message(), HasSubstr("n_embd = \"768\", must be an integer"));
}

TEST(ParseGpt2ConfigTest, HeadsMustDivideTheChannels) {
  const absl::Status status = ErrorWith("n_head", 7);
  EXPECT_THAT(status.message(), HasSubstr("n_embd = 768, must be a multiple of n_head = 7"));
}

TEST(ParseGpt2ConfigTest, TheEpsilonMustBePositiveAndFinite) {
  for (const double epsilon : {0.0, -1e-5, 1e-60, 1e-40, 1e300}) {
    const absl::Status status = ErrorWith("layer_norm_epsilon", epsilon);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << epsilon << ": " << status;
    EXPECT_THAT(status.message(), HasSubstr("layer_norm_epsilon"));
  }
  EXPECT_THAT(ErrorWith("layer_norm_epsilon", 1e-50).message(), HasSubstr("layer_norm_epsilon = 1e-50, must be"));
  EXPECT_THAT(ErrorWith("layer_norm_epsilon", 1e39).message(), HasSubstr("layer_norm_epsilon = 1e+39, must be"));
}

TEST(ParseGpt2ConfigTest, AnotherModelIsRefused) {
  EXPECT_THAT(ErrorWith("model_type", "llama").message(), HasSubstr("model_type = \"llama\", must be \"gpt2\""));
  EXPECT_THAT(ErrorWith("activation_function", "relu").message(), HasSubstr("activation_function = \"relu\""));
  EXPECT_THAT(ErrorWith("add_cross_attention", true).message(), HasSubstr("add_cross_attention = true"));
}

TEST(ParseGpt2ConfigTest, WhatIsNoJsonObjectIsDataLoss) {
  std::string deep = std::string(10000, '[') + std::string(10000, ']');
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[]"), std::string("null"), std::string("{\"n_embd\": NaN}"),
        std::string("{\"n_embd\": 1e999}"), std::string("{\"n_embd\": 1, \"n_embd\": 2}"), std::string("\xff\xfe{}"),
        absl::StrCat("{\"a\": ", deep, "}"), deep, std::string("{}{}"), std::string("{\"a\": \"\x01\"}")}) {
    const absl::Status status = ParseGpt2Config(text).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << text.substr(0, 40) << ": " << status;
    EXPECT_THAT(status.message(), HasSubstr("config.json"));
  }
}

}  // namespace
}  // namespace attnd
