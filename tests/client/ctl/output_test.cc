#include "attnd/v1/inference.pb.h"
#include "client/ctl/embed_output.h"
#include "client/ctl/forward_output.h"
#include "client/ctl/score_output.h"
#include "client/tensor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd::client {
namespace {

using ::testing::HasSubstr;

TEST(OutputTest, ATensorWhoseDataDoesNotFitIsTheServersFault) {
  v1::ForwardResponse response;
  v1::Tensor& tensor = *response.add_results()->mutable_logits();
  tensor.set_data_type(v1::DATA_TYPE_FLOAT32);
  tensor.add_shape(1);
  tensor.add_shape(2);
  EXPECT_EQ(ForwardTable(response, {}, absl::ZeroDuration()).status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ForwardJson(response, absl::ZeroDuration()).status().code(), absl::StatusCode::kInternal);
}

TEST(OutputTest, LikelyTokensThatDoNotGoTogetherAreTheServersFault) {
  v1::ForwardResponse response;
  response.add_results()->add_top_k()->add_ids(3);
  EXPECT_THAT(ForwardTable(response, {}, absl::ZeroDuration()).status().message(),
              HasSubstr("1 likely tokens, 0 logits and 0 log-probabilities"));
  EXPECT_EQ(ForwardJson(response, absl::ZeroDuration()).status().code(), absl::StatusCode::kInternal);
  const v1::DetokenizeRequest request = DetokenizeRequestFor(response, /*token_count=*/4);
  EXPECT_EQ(request.ids_size(), 1);
  EXPECT_EQ(ReadTexts(request, v1::DetokenizeResponse()).status().code(), absl::StatusCode::kInternal);
}

TEST(OutputTest, EmbeddingsThatAreNoMatrixAreTheServersFault) {
  v1::EmbedResponse response;
  *response.mutable_embeddings() = EncodeTensor({1, 2}, {2}).value();
  EXPECT_THAT(EmbedTable(response, absl::ZeroDuration()).status().message(), HasSubstr("not a matrix"));
}

TEST(OutputTest, EmbeddingsThatAreNotOneAnInputAreTheServersFault) {
  v1::EmbedResponse response;
  *response.mutable_embeddings() = EncodeTensor({1, 2}, {2, 1}).value();
  response.add_token_counts(1);
  EXPECT_THAT(EmbedJson(response, absl::ZeroDuration()).status().message(),
              HasSubstr("2 embeddings and 1 token counts"));
}

TEST(OutputTest, LogProbabilitiesThatDoNotGoWithTheTokensAreTheServersFault) {
  v1::ForwardResponse response;
  response.add_results();
  EXPECT_THAT(ScoreTable(response, absl::ZeroDuration()).status().message(), HasSubstr("0 log-probabilities of 0"));
  v1::TokenLogProbabilities& scores = *response.mutable_results(0)->mutable_token_log_probabilities();
  scores.add_token_ids(1);
  scores.add_log_probabilities(-1);
  EXPECT_EQ(ScoreJson(response, absl::ZeroDuration()).status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(TokenScoresTable(response, {TokenTexts()}).status().code(), absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace attnd::client
