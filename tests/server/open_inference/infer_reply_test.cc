#include "server/open_inference/infer_reply.h"

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/rpc/messages.h"

namespace attnd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// An engine that says what it is and computes nothing.
class NamedEngine final : public Engine {
 public:
  const EngineInfo& info() const override { return info_; }
  absl::Status Forward(absl::Span<const SequenceTask> /*batch*/, absl::FunctionRef<bool()> /*is_abandoned*/) override {
    return absl::UnimplementedError("");
  }

 private:
  const EngineInfo info_ = {.config = SmallModel()};
};

std::shared_ptr<const ServedModel> Model() {
  auto model = std::make_shared<ServedModel>();
  model->name = "small";
  model->load_count = 3;
  model->engines.push_back(std::make_unique<NamedEngine>());
  return model;
}

// Two inputs, of one token and of two.
std::unique_ptr<Request> Computed() {
  auto request = std::make_unique<Request>();
  request->model = Model();
  request->inputs = {{.token_ids = {1}, .token_count = 1}, {.token_ids = {2, 3}, .token_count = 2}};
  request->truncated_from = {0, 0};
  request->outputs.resize(2);
  return request;
}

std::vector<float> Floats(const std::string& bytes) {
  std::vector<float> floats(bytes.size() / sizeof(float));
  std::memcpy(floats.data(), bytes.data(), bytes.size());
  return floats;
}

TEST(EncodeInferTest, ATypedRequestGetsATypedReply) {
  const auto computed = Computed();
  Request& request = *computed;
  request.selection.embedding = {.dimensions = 2};
  request.outputs[0].embedding = {1, 2};
  request.outputs[1].embedding = {3, 4};
  inference::ModelInferResponse message;
  EncodeInfer(request, {.id = "seven", .outputs = {InferOutput::kEmbedding}}, message);
  EXPECT_EQ(message.model_name(), "small");
  EXPECT_EQ(message.model_version(), "3");
  EXPECT_EQ(message.id(), "seven");
  ASSERT_EQ(message.outputs_size(), 1);
  EXPECT_EQ(message.outputs(0).name(), "embedding");
  EXPECT_EQ(message.outputs(0).datatype(), "FP32");
  EXPECT_THAT(message.outputs(0).shape(), ElementsAre(2, 2));
  EXPECT_THAT(message.outputs(0).contents().fp32_contents(), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(message.raw_output_contents(), IsEmpty());
  EXPECT_THAT(message.parameters(), IsEmpty());
}

TEST(EncodeInferTest, ARawRequestGetsARawReplyInTheOrderAskedFor) {
  const auto computed = Computed();
  Request& request = *computed;
  request.selection = {.hidden = {{.layer = 3}}, .logits = Positions::kLast};
  request.outputs[0] = {.hidden = {{1, 2, 3, 4}}, .logits = std::vector<float>(10, 5)};
  request.outputs[1] = {.hidden = {{6, 7, 8, 9}}, .logits = std::vector<float>(10, 6)};
  inference::ModelInferResponse message;
  EncodeInfer(request, {.raw = true, .outputs = {InferOutput::kLogits, InferOutput::kHiddenState}}, message);
  ASSERT_EQ(message.outputs_size(), 2);
  EXPECT_EQ(message.outputs(0).name(), "logits");
  EXPECT_THAT(message.outputs(0).shape(), ElementsAre(2, 10));
  EXPECT_EQ(message.outputs(1).name(), "hidden_state");
  EXPECT_THAT(message.outputs(1).shape(), ElementsAre(2, 4));
  EXPECT_FALSE(message.outputs(0).has_contents());
  ASSERT_EQ(message.raw_output_contents_size(), 2);
  EXPECT_EQ(message.raw_output_contents(0).size(), 80);
  EXPECT_THAT(Floats(message.raw_output_contents(1)), ElementsAre(1, 2, 3, 4, 6, 7, 8, 9));
}

TEST(EncodeInferTest, AllPositionsOfShorterInputsArePaddedWithZeros) {
  for (const bool raw : {true, false}) {
    const auto computed = Computed();
    Request& request = *computed;
    request.selection.hidden = {{.layer = 3, .positions = Positions::kAll}};
    request.outputs[0].hidden = {{1, 2, 3, 4}};
    request.outputs[1].hidden = {{5, 6, 7, 8, 9, 10, 11, 12}};
    inference::ModelInferResponse message;
    EncodeInfer(request, {.raw = raw, .outputs = {InferOutput::kHiddenState}, .row_length = 3}, message);
    EXPECT_THAT(message.outputs(0).shape(), ElementsAre(2, 3, 4));
    const auto& typed = message.outputs(0).contents().fp32_contents();
    EXPECT_THAT(raw ? Floats(message.raw_output_contents(0)) : std::vector<float>(typed.begin(), typed.end()),
                ElementsAre(1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 5, 6, 7, 8, 9, 10, 11, 12, 0, 0, 0, 0));
  }
}

TEST(EncodeInferTest, LikelyTokensAreIntegersAndTheirLogProbabilitiesFloats) {
  for (const bool raw : {true, false}) {
    const auto computed = Computed();
    Request& request = *computed;
    request.selection.top = {.k = 2, .positions = Positions::kAll};
    request.outputs[0].top = {.ids = {7, 1}, .log_probabilities = {-1, -2}};
    request.outputs[1].top = {.ids = {3, 4, 5, 6}, .log_probabilities = {-3, -4, -5, -6}};
    inference::ModelInferResponse message;
    const InferReplyForm form = {
        .raw = raw, .outputs = {InferOutput::kTopK, InferOutput::kTopKLogProbability}, .row_length = 2};
    EncodeInfer(request, form, message);
    EXPECT_EQ(message.outputs(0).datatype(), "INT32");
    EXPECT_EQ(message.outputs(1).datatype(), "FP32");
    for (int i = 0; i < 2; ++i) EXPECT_THAT(message.outputs(i).shape(), ElementsAre(2, 2, 2));
    if (raw) {
      EXPECT_EQ(message.raw_output_contents(0).substr(0, 8), std::string("\7\0\0\0\1\0\0\0", 8));
      EXPECT_THAT(Floats(message.raw_output_contents(1)), ElementsAre(-1, -2, 0, 0, -3, -4, -5, -6));
    } else {
      EXPECT_THAT(message.outputs(0).contents().int_contents(), ElementsAre(7, 1, 0, 0, 3, 4, 5, 6));
      EXPECT_THAT(message.outputs(1).contents().fp32_contents(), ElementsAre(-1, -2, 0, 0, -3, -4, -5, -6));
    }
  }
}

TEST(EncodeInferTest, SaysWhatWasCutAndWhatIsLast) {
  const auto computed = Computed();
  Request& request = *computed;
  request.truncated_from = {0, 99};
  request.selection.embedding = {.dimensions = 1};
  for (SequenceOutput& output : request.outputs) output.embedding = {1};
  inference::ModelInferResponse message;
  EncodeInfer(request, {.final_response = true, .outputs = {InferOutput::kEmbedding}}, message);
  EXPECT_EQ(message.parameters().at("truncated_inputs").int64_param(), 1);
  EXPECT_TRUE(message.parameters().at("triton_final_response").bool_param());
}

TEST(InferReplyBytesTest, AreAtLeastThoseOfTheReply) {
  for (const bool raw : {true, false}) {
    const auto computed = Computed();
    Request& request = *computed;
    request.selection = {.hidden = {{.layer = 3, .positions = Positions::kAll}},
                         .logits = Positions::kAll,
                         .embedding = EmbeddingSelection{.dimensions = 4},
                         .top = TopSelection{.k = 3, .positions = Positions::kAll}};
    for (SequenceOutput& output : request.outputs) {
      output = {.hidden = {std::vector<float>(8, 1)},
                .logits = std::vector<float>(20, 1),
                .embedding = std::vector<float>(4, 1),
                .top = {.ids = std::vector<int32_t>(6, 9), .log_probabilities = std::vector<float>(6, -1)}};
    }
    const InferReplyForm form = {.id = std::string(1024, 'x'),
                                 .raw = raw,
                                 .final_response = true,
                                 .outputs = {kInferOutputs.begin(), kInferOutputs.end()},
                                 .row_length = 8};
    inference::ModelInferResponse message;
    EncodeInfer(request, form, message);
    EXPECT_GE(InferReplyBytes(request, SmallModel(), form), static_cast<int64_t>(message.ByteSizeLong()));
  }
}

}  // namespace
}  // namespace attnd
