// tests/integration/test_bad_input.py has the table of wrong calls and their texts; here is what right ones become, and
// how far the limits go.

#include "server/rpc/request_decoder.h"

#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/rpc/invalid_field.h"
#include "tests/server/rpc/messages.h"

namespace attnd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const CallLimits kLimits = {.max_request_inputs = 3, .max_request_tokens = 10, .max_reply_bytes = 4096};

class RequestDecoderTest : public testing::Test {
 protected:
  void ExpectInvalid(const v1::ForwardRequest& message, const char* text) const {
    const absl::Status status = decoder_.DecodeForward(message).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_THAT(status.message(), HasSubstr(text));
  }

  const RequestDecoder decoder_{SmallModel(), NoTokenizer(), kLimits};
};

v1::ForwardRequest LastOfLnF() {
  v1::ForwardRequest message;
  AddLayer("", v1::POSITIONS_UNSPECIFIED, message);
  return message;
}

TEST_F(RequestDecoderTest, AForwardCallBecomesItsInputsAndSelection) {
  v1::ForwardRequest message;
  AddIds({0, 9, 4}, *message.mutable_inputs());
  AddHidden({1, 2, 3, 4, 5, 6, 7, 8}, *message.mutable_inputs());
  AddLayer("h.1", v1::POSITIONS_ALL, message);
  AddLayer("embeddings", v1::POSITIONS_LAST, message);
  message.set_logits(v1::POSITIONS_LAST);

  const auto request = decoder_.DecodeForward(message);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ((*request)->method, Method::kForward);
  EXPECT_EQ((*request)->token_count(), 5);
  ASSERT_EQ((*request)->inputs.size(), 2);
  EXPECT_THAT((*request)->inputs[0].token_ids, ElementsAre(0, 9, 4));
  EXPECT_THAT((*request)->inputs[0].hidden, IsEmpty());
  EXPECT_THAT((*request)->inputs[1].hidden, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_EQ((*request)->inputs[1].token_count, 2);
  const OutputSelection& selection = (*request)->selection;
  ASSERT_EQ(selection.hidden.size(), 2);
  EXPECT_EQ(selection.hidden[0].layer, 2);
  EXPECT_EQ(selection.hidden[0].positions, Positions::kAll);
  EXPECT_EQ(selection.hidden[1].layer, 0);
  EXPECT_EQ(selection.hidden[1].positions, Positions::kLast);
  EXPECT_EQ(selection.logits, Positions::kLast);
  EXPECT_FALSE(selection.embedding.has_value());
}

TEST_F(RequestDecoderTest, TheSizeOfTheReplyIsKnownBeforeItIsComputed) {
  v1::ForwardRequest message;
  AddIds({0, 9, 4}, *message.mutable_inputs());
  AddLayer("h.1", v1::POSITIONS_ALL, message);
  message.set_logits(v1::POSITIONS_LAST);
  const auto request = decoder_.DecodeForward(message);
  ASSERT_TRUE(request.ok()) << request.status();
  const int64_t float_bytes = 4 * (3 * 4 + 10);
  EXPECT_GE((*request)->reply_bytes, float_bytes);
  EXPECT_LE((*request)->reply_bytes, float_bytes + 3 * 128);
}

TEST_F(RequestDecoderTest, HiddenStatesDefaultToTheLastPositionAfterTheFinalNorm) {
  v1::ForwardRequest message = LastOfLnF();
  AddIds({1}, *message.mutable_inputs());
  const auto request = decoder_.DecodeForward(message);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ((*request)->selection.hidden[0].layer, 3);
  EXPECT_EQ((*request)->selection.hidden[0].positions, Positions::kLast);
  EXPECT_FALSE((*request)->selection.logits.has_value());
}

TEST_F(RequestDecoderTest, AnEmbedCallDefaultsToTheNormalisedLastPosition) {
  v1::EmbedRequest message;
  AddIds({1, 2}, *message.mutable_inputs());
  auto request = decoder_.DecodeEmbed(message);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ((*request)->method, Method::kEmbed);
  EXPECT_EQ((*request)->selection.embedding->pooling, Pooling::kLast);
  EXPECT_TRUE((*request)->selection.embedding->normalize);

  message.set_pooling(v1::POOLING_MEAN);
  message.set_normalize(false);
  request = decoder_.DecodeEmbed(message);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ((*request)->selection.embedding->pooling, Pooling::kMean);
  EXPECT_FALSE((*request)->selection.embedding->normalize);
}

TEST_F(RequestDecoderTest, AnEmbeddingMayHaveFewerDimensionsAndTakesFewerBytes) {
  v1::EmbedRequest message;
  AddIds({1, 2}, *message.mutable_inputs());
  const int64_t whole_bytes = (*decoder_.DecodeEmbed(message))->reply_bytes;
  for (const uint32_t dimensions : {1U, 3U, 4U}) {
    message.set_dimensions(dimensions);
    const auto request = decoder_.DecodeEmbed(message);
    ASSERT_TRUE(request.ok()) << request.status();
    EXPECT_EQ((*request)->selection.embedding->dimensions, dimensions);
    EXPECT_EQ((*request)->reply_bytes, whole_bytes - 4 * (4 - int64_t{dimensions}));
  }
  for (const uint32_t dimensions : {0U, 5U, UINT32_MAX}) {
    message.set_dimensions(dimensions);
    const absl::Status status = decoder_.DecodeEmbed(message).status();
    EXPECT_EQ(FieldOf(status), "dimensions");
    EXPECT_THAT(status.message(), HasSubstr("must be in [1, 4]"));
  }
}

TEST_F(RequestDecoderTest, ResultsAreFloat32UnlessTheCallSaysOtherwise) {
  const std::pair<v1::DataType, ElementType> types[] = {{v1::DATA_TYPE_UNSPECIFIED, ElementType::kFloat32},
                                                        {v1::DATA_TYPE_FLOAT32, ElementType::kFloat32},
                                                        {v1::DATA_TYPE_FLOAT16, ElementType::kFloat16},
                                                        {v1::DATA_TYPE_BFLOAT16, ElementType::kBfloat16}};
  for (const auto& [sent, expected] : types) {
    v1::ForwardRequest forward = LastOfLnF();
    AddIds({1}, *forward.mutable_inputs());
    forward.set_logits(v1::POSITIONS_LAST);
    forward.mutable_hidden_states(0)->set_data_type(sent);
    forward.set_logits_data_type(sent);
    const auto request = decoder_.DecodeForward(forward);
    ASSERT_TRUE(request.ok()) << request.status();
    EXPECT_THAT((*request)->format.hidden, ElementsAre(expected));
    EXPECT_EQ((*request)->format.logits, expected);
    v1::EmbedRequest embed;
    AddIds({1}, *embed.mutable_inputs());
    embed.set_data_type(sent);
    EXPECT_EQ((*decoder_.DecodeEmbed(embed))->format.embedding, expected);
  }
}

TEST_F(RequestDecoderTest, OnlyEmbeddingsMayBeInt8) {
  v1::EmbedRequest embed;
  AddIds({1}, *embed.mutable_inputs());
  embed.set_data_type(v1::DATA_TYPE_INT8);
  EXPECT_EQ((*decoder_.DecodeEmbed(embed))->format.embedding, ElementType::kInt8);

  v1::ForwardRequest forward = LastOfLnF();
  AddIds({1}, *forward.mutable_inputs());
  forward.mutable_hidden_states(0)->set_data_type(v1::DATA_TYPE_INT8);
  ExpectInvalid(forward,
                "hidden_states[0].data_type = 3, must be DATA_TYPE_FLOAT32 (1), DATA_TYPE_BFLOAT16 (2) or "
                "DATA_TYPE_FLOAT16 (4)");
  forward = LastOfLnF();
  AddIds({1}, *forward.mutable_inputs());
  forward.set_logits_data_type(v1::DATA_TYPE_INT8);
  ExpectInvalid(forward, "logits_data_type = 3, must be");
}

TEST_F(RequestDecoderTest, AShorterTypeMakesASmallerReplyAndTheSameResults) {
  v1::ForwardRequest message;
  AddIds({1, 2, 3, 4, 5}, *message.mutable_inputs());
  message.set_logits(v1::POSITIONS_ALL);
  const int64_t float_bytes = 5 * 10 * 4;
  const RequestDecoder decoder(SmallModel(), NoTokenizer(), {.max_reply_bytes = float_bytes / 2 + 2 * 128});
  EXPECT_FALSE(decoder.DecodeForward(message).ok());
  message.set_logits_data_type(v1::DATA_TYPE_FLOAT16);
  const auto request = decoder.DecodeForward(message);
  ASSERT_TRUE(request.ok()) << request.status();
  // What is computed before it is written takes memory, too.
  EXPECT_GE((*request)->reply_bytes, float_bytes);
}

TEST_F(RequestDecoderTest, PrioritiesAreNormalUnlessTheCallSaysOtherwise) {
  const std::pair<v1::Priority, Priority> priorities[] = {{v1::PRIORITY_UNSPECIFIED, Priority::kNormal},
                                                          {v1::PRIORITY_CRITICAL, Priority::kCritical},
                                                          {v1::PRIORITY_HIGH, Priority::kHigh},
                                                          {v1::PRIORITY_NORMAL, Priority::kNormal},
                                                          {v1::PRIORITY_LOW, Priority::kLow}};
  for (const auto& [sent, expected] : priorities) {
    v1::ForwardRequest forward = LastOfLnF();
    AddIds({1}, *forward.mutable_inputs());
    forward.set_priority(sent);
    EXPECT_EQ((*decoder_.DecodeForward(forward))->priority, expected);
    v1::EmbedRequest embed;
    AddIds({1}, *embed.mutable_inputs());
    embed.set_priority(sent);
    EXPECT_EQ((*decoder_.DecodeEmbed(embed))->priority, expected);
  }
}

TEST_F(RequestDecoderTest, AnUnknownPriorityIsRefused) {
  v1::ForwardRequest message = LastOfLnF();
  AddIds({1}, *message.mutable_inputs());
  message.set_priority(static_cast<v1::Priority>(9));
  ExpectInvalid(message, "priority = 9, must be in [PRIORITY_CRITICAL (1), PRIORITY_LOW (4)]");
}

TEST_F(RequestDecoderTest, EveryLimitIsTheLastValueThatPasses) {
  v1::ForwardRequest message = LastOfLnF();
  AddIds({0, 0, 0, 0, 0, 0, 0, 9}, *message.mutable_inputs());
  AddIds({0}, *message.mutable_inputs());
  AddIds({0}, *message.mutable_inputs());
  EXPECT_TRUE(decoder_.DecodeForward(message).ok());

  v1::ForwardRequest wrong = message;
  AddIds({0}, *wrong.mutable_inputs());
  ExpectInvalid(wrong, "inputs has 4 entries, must have 1 to 3 (max_request_inputs)");
  wrong = message;
  wrong.mutable_inputs(2)->mutable_token_ids()->add_ids(0);
  ExpectInvalid(wrong, "inputs[0] to inputs[2] have 11 tokens, must have at most 10 together (max_request_tokens)");
  wrong = message;
  wrong.mutable_inputs(0)->mutable_token_ids()->add_ids(0);
  ExpectInvalid(wrong, "inputs[0].token_ids has 9 tokens, must have 1 to 8 (max_input_tokens)");
  wrong = message;
  wrong.mutable_inputs(0)->mutable_token_ids()->set_ids(7, 10);
  ExpectInvalid(wrong, "inputs[0].token_ids.ids[7] = 10, must be in [0, 10)");
}

TEST_F(RequestDecoderTest, AnErrorCarriesTheFieldAtFault) {
  const auto field = [this](const v1::ForwardRequest& message) {
    return FieldOf(decoder_.DecodeForward(message).status()).value_or("none");
  };
  v1::ForwardRequest message = LastOfLnF();
  EXPECT_EQ(field(message), "inputs");
  AddIds({1, 10}, *message.mutable_inputs());
  EXPECT_EQ(field(message), "inputs[0].token_ids.ids[1]");
  AddHidden({1, 2, 3, 4}, *message.mutable_inputs());
  message.mutable_inputs()->DeleteSubrange(0, 1);
  message.mutable_inputs(0)->mutable_hidden_states()->mutable_data()->push_back('x');
  EXPECT_EQ(field(message), "inputs[0].hidden_states.data");
  message.mutable_hidden_states(0)->set_layer("h.9");
  EXPECT_EQ(field(message), "hidden_states[0].layer");
  message.clear_hidden_states();
  EXPECT_EQ(field(message), "hidden_states");
}

TEST_F(RequestDecoderTest, ANumberThatIsNotFiniteIsNamedByRowAndColumn) {
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                            -std::numeric_limits<float>::infinity()}) {
    v1::ForwardRequest message = LastOfLnF();
    AddHidden({1, 2, 3, 4, 5, 6, value, 8}, *message.mutable_inputs());
    ExpectInvalid(message, "inputs[0].hidden_states element [1, 2] = ");
  }
}

TEST_F(RequestDecoderTest, AShapeOfAnotherRankIsToldByItsRank) {
  v1::ForwardRequest message = LastOfLnF();
  AddHidden({1, 2, 3, 4}, *message.mutable_inputs());
  v1::Tensor& tensor = *message.mutable_inputs(0)->mutable_hidden_states();
  for (int i = 2; i < 1000; ++i) tensor.add_shape(1);
  ExpectInvalid(message, "inputs[0].hidden_states.shape has rank 1000, must have rank 2: [T, 4]");
}

TEST_F(RequestDecoderTest, AnUnknownLayerIsQuotedUpToTheEndOfACharacter) {
  v1::ForwardRequest message;
  const std::string name(63, 'b');
  AddLayer((name + "\u00e9").c_str(), v1::POSITIONS_LAST, message);
  ExpectInvalid(message, ("layer = \"" + name + "\", must be").c_str());
}

TEST_F(RequestDecoderTest, TheFinalNormAskedForByTwoNamesIsAskedForTwice) {
  v1::ForwardRequest message = LastOfLnF();
  AddLayer("ln_f", v1::POSITIONS_ALL, message);
  AddIds({1}, *message.mutable_inputs());
  ExpectInvalid(message, "hidden_states[1].layer = \"ln_f\" is asked for twice");
}

TEST_F(RequestDecoderTest, AnItemOfAStreamBecomesARequestOfOneInput) {
  v1::ForwardStreamRequest forward;
  forward.mutable_input()->mutable_token_ids()->add_ids(3);
  forward.set_logits(v1::POSITIONS_LAST);
  forward.set_priority(v1::PRIORITY_LOW);
  auto request = decoder_.DecodeForwardItem(forward);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ((*request)->method, Method::kForward);
  ASSERT_EQ((*request)->inputs.size(), 1);
  EXPECT_THAT((*request)->inputs[0].token_ids, ElementsAre(3));
  EXPECT_EQ((*request)->selection.logits, Positions::kLast);
  EXPECT_EQ((*request)->priority, Priority::kLow);
  EXPECT_GE((*request)->reply_bytes, 40);

  v1::EmbedStreamRequest embed;
  *embed.mutable_input() = forward.input();
  embed.set_pooling(v1::POOLING_WEIGHTED_MEAN);
  embed.set_dimensions(2);
  request = decoder_.DecodeEmbedItem(embed);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ((*request)->method, Method::kEmbed);
  EXPECT_EQ((*request)->selection.embedding->pooling, Pooling::kWeightedMean);
  EXPECT_EQ((*request)->selection.embedding->dimensions, 2);
  EXPECT_TRUE((*request)->selection.embedding->normalize);
}

TEST_F(RequestDecoderTest, AnErrorInAnItemNamesItsOwnFields) {
  v1::EmbedStreamRequest message;
  EXPECT_EQ(FieldOf(decoder_.DecodeEmbedItem(message).status()), "input");
  message.mutable_input()->mutable_token_ids()->add_ids(10);
  EXPECT_EQ(FieldOf(decoder_.DecodeEmbedItem(message).status()), "input.token_ids.ids[0]");
}

}  // namespace
}  // namespace attnd
