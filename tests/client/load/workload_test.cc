#include "client/load/workload.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd::client {
namespace {

using ::testing::HasSubstr;

// V = 10, at most 4 inputs of 16 tokens, 32 tokens a call.
v1::GetModelResponse SmallModel() {
  v1::GetModelResponse model;
  model.mutable_config()->set_vocabulary_size(10);
  model.mutable_limits()->set_max_request_inputs(4);
  model.mutable_limits()->set_max_request_tokens(32);
  model.mutable_limits()->set_max_input_tokens(16);
  return model;
}

TEST(WorkloadTest, TokenIdsAreBelowTheVocabularySize) {
  Workload workload = Workload::Create({.length = FixedLength{16}}, SmallModel()).value();
  for (int call = 0; call < 100; ++call) {
    const v1::EmbedRequest request = workload.NextEmbed();
    for (const uint32_t id : request.inputs(0).token_ids().ids()) EXPECT_LT(id, 10U);
  }
}

TEST(WorkloadTest, LengthsAreCutToTheLongestInput) {
  Workload workload = Workload::Create({.length = FixedLength{1000}}, SmallModel()).value();
  EXPECT_EQ(TokenCount(workload.NextEmbed()), 16);
}

TEST(WorkloadTest, InputsOfACallShareItsTokens) {
  Workload workload = Workload::Create({.length = FixedLength{1000}, .inputs_per_request = 4}, SmallModel()).value();
  const v1::ForwardRequest request = workload.NextForward();
  EXPECT_EQ(request.inputs_size(), 4);
  EXPECT_EQ(TokenCount(request), 32);
}

TEST(WorkloadTest, ForwardAsksForTheLogitsOfTheLastPosition) {
  Workload workload = Workload::Create({}, SmallModel()).value();
  EXPECT_EQ(workload.NextForward().logits(), v1::POSITIONS_LAST);
}

TEST(WorkloadTest, TheSeedDecidesTheRequests) {
  const auto first = [](uint64_t seed) {
    return Workload::Create({.seed = seed}, SmallModel()).value().NextEmbed().SerializeAsString();
  };
  EXPECT_EQ(first(1), first(1));
  EXPECT_NE(first(1), first(2));
}

TEST(WorkloadTest, MoreInputsThanACallTakesAreRefused) {
  EXPECT_THAT(Workload::Create({.inputs_per_request = 5}, SmallModel()).status().message(),
              HasSubstr("the server takes 1 to 4 inputs in a call"));
}

}  // namespace
}  // namespace attnd::client
