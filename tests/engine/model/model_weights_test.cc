#include "engine/model/model_weights.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "engine/checkpoint/seeded_weights.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/model/odd_config.h"

namespace attnd {
namespace {

using testing::HasSubstr;

constexpr char kHash[] = "the hash";

// Seeded weights of which one tensor, or the hash, cannot be read.
class BrokenWeights final : public WeightSource {
 public:
  explicit BrokenWeights(std::string broken)
      : weights_(*SeededWeights::Create(OddConfig(), 0)), broken_(std::move(broken)) {}

  const ModelConfig& config() const override { return weights_->config(); }
  absl::Status Read(absl::string_view name, absl::Span<float> values) const override {
    return name == broken_ ? absl::DataLossError(broken_) : weights_->Read(name, values);
  }
  absl::StatusOr<std::string> Sha256() const override {
    return broken_ == kHash ? absl::DataLossError(broken_) : weights_->Sha256();
  }

 private:
  const std::unique_ptr<SeededWeights> weights_;
  const std::string broken_;
};

TEST(ModelWeightsTest, WhatCannotBeReadIsTheErrorOfLoad) {
  for (const char* name :
       {"wte.weight", "wpe.weight", "h.0.ln_1.bias", "h.1.attn.c_attn.weight", "h.1.attn.c_proj.bias",
        "h.2.mlp.c_fc.bias", "h.2.mlp.c_proj.weight", "ln_f.weight", kHash}) {
    const absl::Status status = ModelWeights::Load(BrokenWeights(name), DataType::kFloat32).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << name << ": " << status;
    EXPECT_THAT(status.message(), HasSubstr(name));
  }
}

// 113,246,208 weights of linear layers, 38,597,376 of tokens; 947,712 of positions, norms and biases stay floats, and
// 110,592 outputs have a scale and a sum in int8.
TEST(ModelWeightsTest, TheDefaultModelTakesWhatItsPartsTake) {
  EXPECT_EQ(ModelWeights::ByteCount(ModelConfig(), DataType::kFloat32), 4 * int64_t{152'791'296});
  EXPECT_EQ(ModelWeights::ByteCount(ModelConfig(), DataType::kBfloat16), 2 * (113'246'208 + 38'597'376) + 4 * 947'712);
  EXPECT_EQ(ModelWeights::ByteCount(ModelConfig(), DataType::kInt8),
            113'246'208 + 8 * 110'592 + 2 * 38'597'376 + 4 * 947'712);
}

}  // namespace
}  // namespace attnd
