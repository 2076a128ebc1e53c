// tests/integration/test_open_inference_bad_input.py has more wrong calls, over TCP.

#include "server/open_inference/infer_decoder.h"

#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/rpc/invalid_field.h"
#include "tests/server/open_inference/messages.h"
#include "tests/server/rpc/messages.h"

namespace attnd {
namespace {

using inference::ModelInferRequest;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();
const CallLimits kLimits = {.max_request_inputs = 3, .max_request_tokens = 12, .max_reply_bytes = 8192};
const absl::Time kNow = absl::FromUnixSeconds(1000);

class InferDecoderTest : public testing::Test {
 protected:
  absl::StatusOr<std::shared_ptr<Request>> Decode(const ModelInferRequest& message) {
    form_ = BeginReplyForm(message);
    return decoder_.Decode(message, form_);
  }

  void ExpectInvalid(const ModelInferRequest& message, const std::string& text) {
    const absl::Status status = Decode(message).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_THAT(status.message(), HasSubstr(text));
    EXPECT_TRUE(FieldOf(status).has_value());
  }

  const InferDecoder decoder_{SmallModel(), NoTokenizer(), kLimits, kNow};
  InferReplyForm form_;
};

ModelInferRequest TwoRows() {
  ModelInferRequest message;
  AddInt64("input_ids", {2, 3}, {1, 2, 3, 4, 5, 6}, message);
  return message;
}

TEST_F(InferDecoderTest, RowsOfIdsBecomeInputsOfAnEmbedding) {
  ModelInferRequest message = TwoRows();
  message.set_id("mine");
  const auto request = Decode(message);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ((*request)->method, Method::kEmbed);
  ASSERT_EQ((*request)->inputs.size(), 2);
  EXPECT_THAT((*request)->inputs[0].token_ids, ElementsAre(1, 2, 3));
  EXPECT_THAT((*request)->inputs[1].token_ids, ElementsAre(4, 5, 6));
  EXPECT_EQ((*request)->inputs[1].token_count, 3);
  EXPECT_THAT((*request)->truncated_from, ElementsAre(0, 0));
  ASSERT_TRUE((*request)->selection.embedding.has_value());
  EXPECT_EQ((*request)->selection.embedding->dimensions, 4);
  EXPECT_TRUE((*request)->selection.embedding->normalize);
  EXPECT_THAT((*request)->selection.hidden, IsEmpty());
  EXPECT_EQ((*request)->deadline, absl::InfiniteFuture());
  EXPECT_GE((*request)->reply_bytes, 2 * 4 * 4);
  EXPECT_EQ(form_.id, "mine");
  EXPECT_FALSE(form_.raw);
  EXPECT_THAT(form_.outputs, ElementsAre(InferOutput::kEmbedding));
}

TEST_F(InferDecoderTest, AMaskOrLengthsCutTheRowsAndPaddingIsNotLookedAt) {
  for (const bool by_mask : {true, false}) {
    ModelInferRequest message;
    AddInt64("input_ids", {2, 3}, {1, -100, 99, 4, 5, 6}, message);
    if (by_mask) {
      AddInt64("attention_mask", {2, 3}, {1, 0, 0, 1, 1, 1}, message);
    } else {
      AddInt64("lengths", {2, 1}, {1, 3}, message);
    }
    const auto request = Decode(message);
    ASSERT_TRUE(request.ok()) << request.status();
    EXPECT_THAT((*request)->inputs[0].token_ids, ElementsAre(1));
    EXPECT_THAT((*request)->inputs[1].token_ids, ElementsAre(4, 5, 6));
    EXPECT_EQ(form_.row_length, 3);
  }
}

TEST_F(InferDecoderTest, RawTensorsAreLittleEndian) {
  ModelInferRequest message;
  AddRaw("input_ids", "INT32", {1, 2}, std::string("\x01\0\0\0\x09\0\0\0", 8), message);
  AddRaw("lengths", "INT64", {1}, std::string("\x02\0\0\0\0\0\0\0", 8), message);
  const auto request = Decode(message);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_THAT((*request)->inputs[0].token_ids, ElementsAre(1, 9));
  EXPECT_TRUE(form_.raw);
}

TEST_F(InferDecoderTest, OutputsAreSelectedInTheirOrder) {
  ModelInferRequest message = TwoRows();
  (*AddOutput("logits", message).mutable_parameters())["positions"].set_string_param("all");
  AddOutput("embedding", message);
  AddOutput("hidden_state", message);
  const auto request = Decode(message);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ((*request)->method, Method::kForward);
  EXPECT_EQ((*request)->selection.logits, Positions::kAll);
  EXPECT_TRUE((*request)->selection.embedding.has_value());
  ASSERT_EQ((*request)->selection.hidden.size(), 1);
  EXPECT_EQ((*request)->selection.hidden[0].layer, 3);
  EXPECT_EQ((*request)->selection.hidden[0].positions, Positions::kLast);
  EXPECT_THAT(form_.outputs, ElementsAre(InferOutput::kLogits, InferOutput::kEmbedding, InferOutput::kHiddenState));
}

TEST_F(InferDecoderTest, LikeliestTokensCountForWhatIsComputedNotOnlyForWhatIsSent) {
  ModelInferRequest message = TwoRows();
  (*AddOutput("top_k", message).mutable_parameters())["k"].set_int64_param(8);
  (*message.mutable_outputs(0)->mutable_parameters())["positions"].set_string_param("all");
  const auto request = Decode(message);
  ASSERT_TRUE(request.ok()) << request.status();
  // An id, a logit and a log-probability each, though only ids are sent.
  EXPECT_GE((*request)->reply_bytes, (*request)->token_count() * 8 * 12);
}

TEST_F(InferDecoderTest, ParametersReachTheRequest) {
  ModelInferRequest message = TwoRows();
  auto& parameters = *message.mutable_parameters();
  parameters["pooling"].set_string_param("weighted_mean");
  parameters["normalize"].set_bool_param(false);
  parameters["dimensions"].set_int64_param(2);
  parameters["priority"].set_uint64_param(1);
  parameters["timeout"].set_int64_param(1500);
  const auto request = Decode(message);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ((*request)->selection.embedding->pooling, Pooling::kWeightedMean);
  EXPECT_FALSE((*request)->selection.embedding->normalize);
  EXPECT_EQ((*request)->selection.embedding->dimensions, 2);
  EXPECT_EQ((*request)->priority, Priority::kCritical);
  EXPECT_EQ((*request)->deadline, kNow + absl::Microseconds(1500));
}

TEST_F(InferDecoderTest, RefusesShapesBeforeAnythingIsAddedUp) {
  for (const auto& [shape, text] : std::vector<std::pair<std::vector<int64_t>, const char*>>{
           {{}, "input_ids.shape = [], must have rank 2"},
           {{3}, "input_ids.shape = [3], must have rank 2"},
           {{1, 1, 3}, "input_ids.shape = [1, 1, 3], must have rank 2"},
           {std::vector<int64_t>(100, 1), "input_ids.shape has rank 100, must have rank 2"},
           {{0, 3}, "= [0, 3], must have 1 to 3 rows (max_request_inputs)"},
           {{-1, -3}, "= [-1, -3], must have 1 to 3 rows"},
           {{4, 1}, "= [4, 1], must have 1 to 3 rows"},
           {{kLargest, kLargest}, "must have 1 to 3 rows"},
           {{1, 0}, "= [1, 0], must have 1 to 8 columns (max_input_tokens)"},
           {{1, 9}, "must have 1 to 8 columns"},
           {{3, kLargest}, "must have 1 to 8 columns"},
           {{1, 4}, "input_ids.contents.int64_contents has 3 elements, must have 4 for shape [1, 4]"}}) {
    ModelInferRequest message;
    AddInt64("input_ids", shape, {1, 2, 3}, message);
    ExpectInvalid(message, text);
  }
}

TEST_F(InferDecoderTest, RefusesIdsOutsideTheVocabulary) {
  for (const int64_t id : {int64_t{-1}, int64_t{10}, kLargest, int64_t{1} << 32}) {
    ModelInferRequest message;
    AddInt64("input_ids", {2, 1}, {0, id}, message);
    ExpectInvalid(message, absl::StrCat("input_ids[1, 0] = ", id, ", must be in [0, 10)").c_str());
  }
}

TEST_F(InferDecoderTest, RefusesMasksThatAreNotOnesAndThenZeros) {
  for (const auto& [mask, text] : std::vector<std::pair<std::vector<int64_t>, const char*>>{
           {{1, 1, 1, 0, 1, 1}, "attention_mask[1, 1] = 1 behind a 0"},
           {{1, 1, 1, 1, 2, 0}, "attention_mask[1, 1] = 2, must be 0 or 1"},
           {{0, 0, 0, 1, 1, 1}, "attention_mask[0] has no 1"},
           {{1, 0, 1, 1, 1, 1}, "attention_mask[0, 2] = 1 behind a 0"}}) {
    ModelInferRequest message = TwoRows();
    AddInt64("attention_mask", {2, 3}, mask, message);
    ExpectInvalid(message, text);
  }
  ModelInferRequest message = TwoRows();
  AddInt64("attention_mask", {3, 2}, {1, 1, 1, 1, 1, 1}, message);
  ExpectInvalid(message, "attention_mask.shape = [3, 2], must be [2, 3], that of input_ids");
}

TEST_F(InferDecoderTest, RefusesLengthsThatAreNoneOfTheRows) {
  for (const int64_t length : {int64_t{0}, int64_t{-1}, int64_t{4}, kLargest}) {
    ModelInferRequest message = TwoRows();
    AddInt64("lengths", {2}, {1, length}, message);
    ExpectInvalid(message, absl::StrCat("lengths[1] = ", length, ", must be in [1, 3]").c_str());
  }
  ModelInferRequest message = TwoRows();
  AddInt64("lengths", {3}, {1, 1, 1}, message);
  ExpectInvalid(message, "lengths.shape = [3], must be [2] or [2, 1]");
}

TEST_F(InferDecoderTest, RefusesInputsThatDoNotGoTogether) {
  ModelInferRequest none;
  ExpectInvalid(none, "neither input_ids and text");
  ModelInferRequest both = TwoRows();
  AddBytes("text", {1}, {"a"}, both);
  ExpectInvalid(both, "both input_ids and text");
  ModelInferRequest twice = TwoRows();
  AddInt64("attention_mask", {2, 3}, {1, 1, 1, 1, 1, 1}, twice);
  AddInt64("lengths", {2}, {3, 3}, twice);
  ExpectInvalid(twice, "both attention_mask and lengths");
  ModelInferRequest masked_text;
  AddBytes("text", {1}, {"a"}, masked_text);
  AddInt64("lengths", {1}, {1}, masked_text);
  ExpectInvalid(masked_text, "lengths, which is for input_ids, beside text");
}

TEST_F(InferDecoderTest, RefusesMoreTokensThanACallMayHave) {
  ModelInferRequest message;
  AddInt64("input_ids", {3, 5}, std::vector<int64_t>(15, 1), message);
  ExpectInvalid(message, "input_ids[0] to input_ids[2] have 15 tokens, must have at most 12");
}

TEST_F(InferDecoderTest, RefusesAReplyThatWouldBeTooLargePaddingIncluded) {
  ModelInferRequest message;
  AddInt64("input_ids", {3, 8}, std::vector<int64_t>(24, 1), message);
  AddInt64("lengths", {3}, {1, 1, 1}, message);
  (*AddOutput("hidden_state", message).mutable_parameters())["positions"].set_string_param("all");
  EXPECT_TRUE(Decode(message).ok());
  const InferDecoder strict{SmallModel(), NoTokenizer(), {.max_reply_bytes = 3 * 8 * 4 * 4}, kNow};
  InferReplyForm form = BeginReplyForm(message);
  EXPECT_THAT(strict.Decode(message, form).status().message(), HasSubstr("(max_reply_bytes)"));
}

TEST_F(InferDecoderTest, RefusesOutputsItDoesNotHave) {
  ModelInferRequest unknown = TwoRows();
  AddOutput("attentions", unknown);
  ExpectInvalid(unknown,
                "outputs[0].name = \"attentions\", must be embedding, hidden_state, logits, top_k or "
                "top_k_log_probability");
  ModelInferRequest twice = TwoRows();
  AddOutput("logits", twice);
  AddOutput("logits", twice);
  ExpectInvalid(twice, "outputs[1].name = \"logits\" is there twice");
  ModelInferRequest option = TwoRows();
  (*AddOutput("logits", option).mutable_parameters())["classification"].set_int64_param(3);
  ExpectInvalid(option, "outputs[0].parameters[\"classification\"] is not known");
  ModelInferRequest embedding = TwoRows();
  (*AddOutput("embedding", embedding).mutable_parameters())["positions"].set_string_param("all");
  ExpectInvalid(embedding, "outputs[0].parameters[\"positions\"] is not known");
}

TEST_F(InferDecoderTest, TakesTheLikeliestTokensAtTheLastOrAllPositions) {
  ModelInferRequest message = TwoRows();
  AddOutput("top_k_log_probability", message);
  AddOutput("top_k", message);
  auto request = Decode(message);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ((*request)->selection.top->k, 1);
  EXPECT_EQ((*request)->selection.top->positions.which, Positions::kLast);
  auto& parameters = *message.mutable_outputs(1)->mutable_parameters();
  parameters["k"].set_int64_param(3);
  parameters["positions"].set_string_param("all");
  request = Decode(message);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ((*request)->selection.top->k, 3);
  EXPECT_EQ((*request)->selection.top->positions.which, Positions::kAll);
}

TEST_F(InferDecoderTest, TheCallsParametersStandInForThoseOfItsOutputs) {
  ModelInferRequest message = TwoRows();
  AddOutput("top_k", message);
  AddOutput("logits", message);
  auto& of_call = *message.mutable_parameters();
  of_call["k"].set_int64_param(3);
  of_call["positions"].set_string_param("all");
  (*message.mutable_outputs(1)->mutable_parameters())["positions"].set_string_param("last");
  const auto request = Decode(message);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ((*request)->selection.top->k, 3);
  EXPECT_EQ((*request)->selection.top->positions.which, Positions::kAll);
  EXPECT_EQ((*request)->selection.logits->which, Positions::kLast);
}

TEST_F(InferDecoderTest, RefusesParametersOfTheCallThatNoOutputTakes) {
  ModelInferRequest positions = TwoRows();
  (*positions.mutable_parameters())["positions"].set_string_param("all");
  ExpectInvalid(positions, "positions is that of hidden_state, logits and top_k, and outputs name none of them");
  ModelInferRequest k = TwoRows();
  AddOutput("logits", k);
  (*k.mutable_parameters())["k"].set_int64_param(3);
  ExpectInvalid(k, "k is that of top_k, and outputs do not name it");
  ModelInferRequest too_many = TwoRows();
  AddOutput("top_k", too_many);
  (*too_many.mutable_parameters())["k"].set_int64_param(11);
  ExpectInvalid(too_many, "parameters[\"k\"] = 11, must be in [1, 10]");
}

TEST_F(InferDecoderTest, RefusesLikeliestTokensItCannotGive) {
  ModelInferRequest alone = TwoRows();
  AddOutput("top_k_log_probability", alone);
  ExpectInvalid(alone, "top_k_log_probability, which needs top_k beside it");
  for (const int64_t k : {int64_t{0}, int64_t{-1}, SmallModel().vocabulary_size + 1}) {
    ModelInferRequest message = TwoRows();
    (*AddOutput("top_k", message).mutable_parameters())["k"].set_int64_param(k);
    ExpectInvalid(message, absl::StrCat("outputs[0].parameters[\"k\"] = ", k, ", must be in [1, 10]"));
  }
  ModelInferRequest text = TwoRows();
  (*AddOutput("top_k", text).mutable_parameters())["k"].set_string_param("3");
  ExpectInvalid(text, "outputs[0].parameters[\"k\"] = \"3\", must be an int64_param");
  ModelInferRequest logits = TwoRows();
  (*AddOutput("logits", logits).mutable_parameters())["k"].set_int64_param(3);
  ExpectInvalid(logits, "outputs[0].parameters[\"k\"] is not known; this output has: positions, binary_data");
}

TEST_F(InferDecoderTest, RefusesOptionsOfAnEmbeddingWithoutOne) {
  ModelInferRequest message = TwoRows();
  AddOutput("logits", message);
  (*message.mutable_parameters())["normalize"].set_bool_param(true);
  ExpectInvalid(message, "outputs name none");
}

TEST_F(InferDecoderTest, RefusesDimensionsOutsideTheModel) {
  for (const int64_t dimensions : {int64_t{0}, int64_t{5}, int64_t{-1}}) {
    ModelInferRequest message = TwoRows();
    (*message.mutable_parameters())["dimensions"].set_int64_param(dimensions);
    ExpectInvalid(message, "must be in [1, 4]");
  }
}

TEST_F(InferDecoderTest, RefusesAnIdTooLongToBeReturnedAndReturnsItsBeginning) {
  ModelInferRequest message = TwoRows();
  message.set_id(std::string(1025, 'x'));
  ExpectInvalid(message, "id has 1025 bytes, must have at most 1024");
  EXPECT_EQ(form_.id.size(), 1024);
}

TEST_F(InferDecoderTest, TextWithoutATokenizerGetsTheReason) {
  ModelInferRequest message;
  AddBytes("text", {1, 1}, {"a"}, message);
  EXPECT_EQ(Decode(message).status(), NoTokenizer().status());
}

TEST(ScheduledMethodTest, IsTheOneOfWhatIsAskedFor) {
  ModelInferRequest message;
  EXPECT_EQ(ScheduledMethod(message), Method::kEmbed);
  AddOutput("embedding", message);
  EXPECT_EQ(ScheduledMethod(message), Method::kEmbed);
  AddOutput("logits", message);
  EXPECT_EQ(ScheduledMethod(message), Method::kForward);
}

}  // namespace
}  // namespace attnd
