#include "engine/checkpoint/gpt2_writer.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "engine/checkpoint/gpt2_checkpoint.h"
#include "engine/checkpoint/gpt2_config.h"
#include "engine/checkpoint/seeded_weights.h"
#include "engine/model/parameters.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/engine/checkpoint/checkpoint_files.h"
#include "tests/engine/files/temporary_folder.h"

namespace attnd {
namespace {

using nlohmann::json;
using testing::HasSubstr;

std::vector<float> Read(const WeightSource& source, const Parameter& parameter) {
  std::vector<float> values(static_cast<size_t>(parameter.element_count()));
  EXPECT_TRUE(source.Read(parameter.name, absl::MakeSpan(values)).ok()) << parameter.name;
  return values;
}

absl::Status Ignore(double /*fraction*/) { return absl::OkStatus(); }

// Seeded weights, which have no tensor of zeros, and a folder to write them into.
class Gpt2WriterTest : public testing::Test {
 protected:
  static ModelConfig Config() {
    ModelConfig config = SmallConfig();
    config.tied_output_head = false;
    config.feed_forward_length = 9;
    return config;
  }

  absl::StatusOr<std::string> Write(FloatFormat format, WritingProgress progress = Ignore) const {
    folder_.Write("config.json", Gpt2ConfigText(weights_->config(), format));
    return WriteGpt2Weights(*weights_, format, folder_.path() + "/model.safetensors", progress);
  }

  const std::unique_ptr<WeightSource> weights_ = *SeededWeights::Create(Config(), 5);
  const TemporaryFolder folder_;
};

TEST_F(Gpt2WriterTest, TheCheckpointReadsBackToTheLastBit) {
  const auto sha256 = Write(FloatFormat::kFloat32);
  ASSERT_TRUE(sha256.ok()) << sha256.status();
  const auto checkpoint = Gpt2Checkpoint::Open(folder_.path());
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_EQ(*(*checkpoint)->Sha256(), *sha256);
  for (const Parameter& parameter : ModelParameters(Config())) {
    EXPECT_EQ(Read(**checkpoint, parameter), Read(*weights_, parameter)) << parameter.name;
  }
}

TEST_F(Gpt2WriterTest, ARoundedCheckpointIsNotRoundedTwice) {
  for (const FloatFormat format : {FloatFormat::kBfloat16, FloatFormat::kFloat16}) {
    const TemporaryFolder again;
    ASSERT_TRUE(Write(format).ok());
    const auto checkpoint = Gpt2Checkpoint::Open(folder_.path());
    ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
    const auto sha256 = WriteGpt2Weights(**checkpoint, format, again.path() + "/model.safetensors", Ignore);
    ASSERT_TRUE(sha256.ok()) << sha256.status();
    EXPECT_EQ(*sha256, *(*checkpoint)->Sha256());
    std::remove((folder_.path() + "/model.safetensors").c_str());
  }
}

TEST_F(Gpt2WriterTest, TensorsHaveTheNamesOfTheLanguageModel) {
  ASSERT_TRUE(Write(FloatFormat::kFloat32).ok());
  const auto checkpoint = Gpt2Checkpoint::Open(folder_.path());
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  const auto& tensors = (*checkpoint)->stored_tensors();
  EXPECT_EQ(tensors.size(), 2 + 2 * 12 + 2 + 1);
  EXPECT_TRUE(tensors.contains("transformer.wte.weight"));
  EXPECT_TRUE(tensors.contains("transformer.h.1.mlp.c_proj.bias"));
  EXPECT_TRUE(tensors.contains("transformer.ln_f.weight"));
  EXPECT_TRUE(tensors.contains("lm_head.weight"));
}

TEST_F(Gpt2WriterTest, ProgressRisesToOneAndCanEndTheWriting) {
  double last = 0;
  ASSERT_TRUE(Write(FloatFormat::kFloat32, [&](double fraction) {
                EXPECT_GT(fraction, last);
                last = fraction;
                return absl::OkStatus();
              }).ok());
  EXPECT_EQ(last, 1);
  std::remove((folder_.path() + "/model.safetensors").c_str());
  EXPECT_TRUE(absl::IsCancelled(Write(FloatFormat::kFloat32, [](double) { return absl::CancelledError(); }).status()));
}

TEST(Gpt2ConfigTextTest, ReadsBackAsTheSameConfiguration) {
  ModelConfig config = SmallConfig();
  config.feed_forward_length = 17;
  config.layer_norm_epsilon = 1.2345678e-6F;
  config.activation = Activation::kGeluErf;
  config.scale_attention = false;
  config.scale_attention_by_layer = true;
  config.tied_output_head = false;
  const auto read = ParseGpt2Config(Gpt2ConfigText(config, FloatFormat::kFloat16));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->vocabulary_size, config.vocabulary_size);
  EXPECT_EQ(read->context_length, config.context_length);
  EXPECT_EQ(read->embedding_length, config.embedding_length);
  EXPECT_EQ(read->head_count, config.head_count);
  EXPECT_EQ(read->layer_count, config.layer_count);
  EXPECT_EQ(read->feed_forward_length, config.feed_forward_length);
  EXPECT_EQ(read->layer_norm_epsilon, config.layer_norm_epsilon);
  EXPECT_EQ(read->activation, config.activation);
  EXPECT_EQ(read->scale_attention, config.scale_attention);
  EXPECT_EQ(read->scale_attention_by_layer, config.scale_attention_by_layer);
  EXPECT_EQ(read->tied_output_head, config.tied_output_head);
}

TEST(Gpt2ConfigTextTest, SaysWhatTransformersAsksFor) {
  const std::string text = Gpt2ConfigText(ModelConfig(), FloatFormat::kBfloat16);
  const json config = json::parse(text);
  EXPECT_EQ(config["architectures"], json::array({"GPT2LMHeadModel"}));
  EXPECT_EQ(config["model_type"], "gpt2");
  EXPECT_EQ(config["torch_dtype"], "bfloat16");
  EXPECT_EQ(config["eos_token_id"], 50256);
  EXPECT_TRUE(config["n_inner"].is_null());
  EXPECT_THAT(text, HasSubstr("\"layer_norm_epsilon\": 1e-05,\n"));
}

TEST(ChangedGpt2ConfigTextTest, ChangesLayersAndTypeAndKeepsTheRest) {
  const std::string text =
      R"({"vocab_size": 5, "n_positions": 3, "n_embd": 4, "n_head": 2, "n_layer": 2, "dtype": "float32",
          "task_specific_params": {"text-generation": {"max_length": 50}}, "layer_norm_epsilon": 1e-05})";
  const auto changed = ChangedGpt2ConfigText(text, 16, FloatFormat::kFloat16);
  ASSERT_TRUE(changed.ok()) << changed.status();
  json expected = json::parse(text);
  expected["n_layer"] = 16;
  expected["dtype"] = "float16";
  EXPECT_EQ(json::parse(*changed), expected);
}

TEST(ChangedGpt2ConfigTextTest, TheTypeHasTheNameItHad) {
  const auto changed = ChangedGpt2ConfigText(SmallConfigJson(), 2, FloatFormat::kBfloat16);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(json::parse(*changed)["torch_dtype"], "bfloat16");
  EXPECT_FALSE(json::parse(*changed).contains("dtype"));
  EXPECT_FALSE(ChangedGpt2ConfigText("{}", 2, FloatFormat::kBfloat16).ok());
}

}  // namespace
}  // namespace attnd
