#include "server/rpc/reply_encoder.h"

#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/rpc/request_decoder.h"
#include "tests/server/rpc/messages.h"

namespace attnd {
namespace {

using testing::ElementsAre;

std::vector<float> Floats(const v1::Tensor& message) {
  std::vector<float> floats(message.data().size() / sizeof(float));
  std::memcpy(floats.data(), message.data().data(), message.data().size());
  return floats;
}

std::shared_ptr<const ServedModel> Version(const char* version) {
  auto model = std::make_shared<ServedModel>();
  model->version = version;
  return model;
}

TEST(EncodeForwardTest, WritesEveryTensorWithItsShapeAndName) {
  Request request;
  request.model = Version("c0ffee-2");
  request.inputs = {{.token_ids = {1, 2}, .token_count = 2}};
  request.selection = {.hidden = {{.layer = 3, .positions = Positions::kLast}, {.layer = 1}},
                       .logits = Positions::kLast};
  request.format.hidden = {ElementType::kFloat32, ElementType::kFloat16};
  request.outputs = {{.hidden = {{1, 2, 3, 4}, {1, 2, 3, 4, 5, 6, 7, 8}}, .logits = std::vector<float>(10, 0.5F)}};
  request.timing = {.queue = absl::Milliseconds(250),
                    .compute = absl::Milliseconds(1500),
                    .batch_tokens = 7,
                    .batch_requests = 3,
                    .batch_count = 1};
  v1::ForwardResponse message;
  EncodeForward(request, SmallModel(), message);

  ASSERT_EQ(message.results_size(), 1);
  const v1::ForwardResult& result = message.results(0);
  EXPECT_EQ(result.token_count(), 2);
  ASSERT_EQ(result.hidden_states_size(), 2);
  EXPECT_EQ(result.hidden_states(0).layer(), "ln_f");
  EXPECT_THAT(result.hidden_states(0).values().shape(), ElementsAre(1, 4));
  EXPECT_THAT(Floats(result.hidden_states(0).values()), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(result.hidden_states(1).layer(), "h.0");
  EXPECT_THAT(result.hidden_states(1).values().shape(), ElementsAre(2, 4));
  EXPECT_EQ(result.hidden_states(1).values().data_type(), v1::DATA_TYPE_FLOAT16);
  EXPECT_EQ(result.hidden_states(1).values().data().size(), 16);
  EXPECT_THAT(result.logits().shape(), ElementsAre(1, 10));
  EXPECT_EQ(result.logits().data_type(), v1::DATA_TYPE_FLOAT32);
  EXPECT_EQ(message.timing().queue_seconds(), 0.25);
  EXPECT_EQ(message.timing().compute_seconds(), 1.5);
  EXPECT_EQ(message.timing().batch_tokens(), 7);
  EXPECT_EQ(message.timing().batch_requests(), 3);
  EXPECT_EQ(message.timing().batch_count(), 1);
  EXPECT_EQ(message.model_version(), "c0ffee-2");
}

TEST(EncodeForwardTest, LeavesOutLogitsNobodyAskedFor) {
  Request request;
  request.model = Version("c0ffee-2");
  request.inputs = {{.token_ids = {1}, .token_count = 1}};
  request.selection.hidden = {{.layer = 0}};
  request.format.hidden = {ElementType::kFloat32};
  request.outputs = {{.hidden = {{1, 2, 3, 4}}}};
  v1::ForwardResponse message;
  EncodeForward(request, SmallModel(), message);
  EXPECT_FALSE(message.results(0).has_logits());
}

TEST(EncodeForwardTest, WritesTheLikeliestTokensPositionByPosition) {
  Request request;
  request.model = Version("c0ffee-2");
  request.inputs = {{.token_ids = {7, 8, 9}, .token_count = 3}};
  request.selection.top = TopSelection{.k = 2, .positions = PositionSelection(std::vector<int32_t>{2, 0})};
  request.selection.token_log_probabilities = true;
  request.outputs = {{.top = {.ids = {4, 5, 9, 1}, .logits = {4, 3, 2, 1}, .log_probabilities = {-1, -2, -3, -4}},
                      .token_log_probabilities = {-0.5F, -0.25F}}};
  v1::ForwardResponse message;
  EncodeForward(request, SmallModel(), message);
  const v1::ForwardResult& result = message.results(0);
  ASSERT_EQ(result.top_k_size(), 2);
  EXPECT_EQ(result.top_k(0).position(), 2);
  EXPECT_THAT(result.top_k(0).ids(), ElementsAre(4, 5));
  EXPECT_THAT(result.top_k(0).logits(), ElementsAre(4, 3));
  EXPECT_EQ(result.top_k(1).position(), 0);
  EXPECT_THAT(result.top_k(1).ids(), ElementsAre(9, 1));
  EXPECT_THAT(result.top_k(1).log_probabilities(), ElementsAre(-3, -4));
  EXPECT_THAT(result.token_log_probabilities().token_ids(), ElementsAre(7, 8, 9));
  EXPECT_THAT(result.token_log_probabilities().log_probabilities(), ElementsAre(-0.5F, -0.25F));
  EXPECT_EQ(result.token_log_probabilities().sum(), -0.75);
}

TEST(EncodeEmbedTest, StacksTheVectorsOfAllInputs) {
  Request request;
  request.model = Version("c0ffee-2");
  request.method = Method::kEmbed;
  request.inputs = {{.token_count = 5}, {.token_count = 6}};
  request.outputs = {{.embedding = {1, 2, 3, 4}}, {.embedding = {5, 6, 7, 8}}};
  v1::EmbedResponse message;
  EncodeEmbed(request, message);
  EXPECT_THAT(message.embeddings().shape(), ElementsAre(2, 4));
  EXPECT_THAT(Floats(message.embeddings()), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_THAT(message.token_counts(), ElementsAre(5, 6));
  EXPECT_EQ(message.model_version(), "c0ffee-2");
}

TEST(EncodeEmbedTest, WritesShortFloatsAndScaledIntegers) {
  Request request;
  request.model = Version("c0ffee-2");
  request.inputs = {{.token_count = 5}, {.token_count = 6}};
  request.outputs = {{.embedding = {1, -2}}, {.embedding = {0, 0}}};
  const auto encode = [&](ElementType type) {
    request.format.embedding = type;
    v1::EmbedResponse message;
    EncodeEmbed(request, message);
    return message;
  };
  v1::EmbedResponse message = encode(ElementType::kBfloat16);
  EXPECT_EQ(message.embeddings().data_type(), v1::DATA_TYPE_BFLOAT16);
  EXPECT_EQ(message.embeddings().data(), std::string("\x80\x3f\x00\xc0\0\0\0\0", 8));
  message = encode(ElementType::kFloat16);
  EXPECT_EQ(message.embeddings().data_type(), v1::DATA_TYPE_FLOAT16);
  EXPECT_EQ(message.embeddings().data(), std::string("\x00\x3c\x00\xc0\0\0\0\0", 8));
  EXPECT_THAT(message.scales(), ElementsAre());
  message = encode(ElementType::kInt8);
  EXPECT_EQ(message.embeddings().data_type(), v1::DATA_TYPE_INT8);
  EXPECT_THAT(message.embeddings().shape(), ElementsAre(2, 2));
  EXPECT_EQ(message.embeddings().data(), std::string("\x40\x81\0\0", 4));
  EXPECT_THAT(message.scales(), ElementsAre(2.0F / 127, 0));

  v1::EmbedStreamResponse item;
  EncodeEmbedItem(request, item);
  EXPECT_EQ(item.result().embedding().data(), std::string("\x40\x81", 2));
  EXPECT_EQ(item.result().scale(), 2.0F / 127);
}

// Gives `request` outputs of the sizes its selection asks for.
void Compute(Request& request, const ModelConfig& config) {
  for (const SequenceInput& input : request.inputs) {
    SequenceOutput& output = request.outputs.emplace_back();
    const auto floats = [&](const PositionSelection& positions, int64_t columns) {
      return std::vector<float>(static_cast<size_t>(RowCount(positions, input.token_count) * columns));
    };
    for (const HiddenSelection& hidden : request.selection.hidden) {
      output.hidden.push_back(floats(hidden.positions, config.embedding_length));
    }
    if (request.selection.logits) output.logits = floats(*request.selection.logits, config.vocabulary_size);
    if (const auto& top = request.selection.top) {
      output.top.logits = output.top.log_probabilities = floats(top->positions, top->k);
      output.top.ids.assign(output.top.logits.size(), std::numeric_limits<int32_t>::max());
    }
    if (request.selection.token_log_probabilities) output.token_log_probabilities.resize(input.token_ids.size() - 1);
  }
}

v1::ForwardRequest RandomCall(std::minstd_rand& random) {
  v1::ForwardRequest message;
  for (auto inputs = 1 + random() % 5; inputs > 0; --inputs) {
    AddIds(std::vector<uint32_t>(1 + random() % 8), *message.mutable_inputs());
  }
  const auto positions = [&] { return random() % 2 == 0 ? v1::POSITIONS_LAST : v1::POSITIONS_ALL; };
  for (const char* layer : {"embeddings", "h.0", "h.1", "ln_f"}) {
    if (random() % 2 == 0) AddLayer(layer, positions(), message);
  }
  if (message.hidden_states().empty() || random() % 2 == 0) message.set_logits(positions());
  if (random() % 2 == 0) {
    message.mutable_top_k()->set_k(1 + static_cast<uint32_t>(random() % 10));
    message.mutable_top_k()->set_positions(positions());
  }
  message.set_token_log_probabilities(random() % 2 == 0);
  return message;
}

// The decoder refuses by a bound it knows before computing; no reply may be larger than what it let pass.
TEST(ReplySizeTest, NoReplyIsLargerThanTheLimitItsCallPassed) {
  const ModelConfig config = SmallModel();
  std::minstd_rand random(7);
  for (int round = 0; round < 200; ++round) {
    const v1::ForwardRequest call = RandomCall(random);
    const auto request = RequestDecoder(config, NoTokenizer(), CallLimits()).DecodeForward(call);
    ASSERT_TRUE(request.ok()) << request.status();
    (*request)->model = Version("0123456789ab-1000000");
    Compute(**request, config);
    (*request)->timing = {.queue = absl::Seconds(1e9),
                          .compute = absl::Seconds(1e9),
                          .batch_tokens = UINT32_MAX,
                          .batch_requests = UINT32_MAX,
                          .batch_count = UINT32_MAX};
    v1::ForwardResponse reply;
    EncodeForward(**request, config, reply);
    const auto byte_count = static_cast<int64_t>(reply.ByteSizeLong());
    EXPECT_FALSE(RequestDecoder(config, NoTokenizer(), {.max_reply_bytes = byte_count - 1}).DecodeForward(call).ok());
    const int64_t tensors = int64_t{call.inputs_size()} * (call.hidden_states_size() + 2);
    const int64_t positions = call.has_top_k() ? (*request)->token_count() : 0;
    const int64_t slack = 128 * (tensors + 1) + positions * (48 + 5 * int64_t{call.top_k().k()}) + 5 * 8 * 5;
    EXPECT_TRUE(
        RequestDecoder(config, NoTokenizer(), {.max_reply_bytes = byte_count + slack}).DecodeForward(call).ok());
  }
}

TEST(EncodeModelTest, SaysShapeLimitsWeightsAndKernel) {
  ModelDescription model{.name = "small", .version = "c0ffee-2", .server_version = "1.2.3"};
  model.engine.config = SmallModel();
  model.engine.parameter_count = 152'791'296;
  model.engine.weights_sha256 = "c0ffee";
  model.engine.data_type = DataType::kInt8;
  model.engine.isa = "avx2";
  model.engine.linear_implementation = "panels:AVX2:int8";
  model.engine.output_head_implementation = "panels:AVX2:bf16";
  model.worker_count = 2;
  model.thread_count = 4;
  model.engine.max_batch_tokens = 2048;
  model.limits = {
      .max_request_inputs = 3, .max_request_tokens = 10, .max_request_bytes = 1000, .max_reply_bytes = 4096};
  v1::GetModelResponse message;
  EncodeModel(model, message);
  EXPECT_EQ(message.name(), "small");
  EXPECT_EQ(message.config().vocabulary_size(), 10);
  EXPECT_EQ(message.config().context_length(), 8);
  EXPECT_EQ(message.config().feed_forward_length(), 16);
  EXPECT_EQ(message.config().activation_function(), "gelu_new");
  EXPECT_EQ(message.parameter_count(), 152'791'296);
  EXPECT_EQ(message.data_type(), v1::DATA_TYPE_INT8);
  EXPECT_EQ(message.limits().max_request_inputs(), 3);
  EXPECT_EQ(message.limits().max_request_tokens(), 10);
  EXPECT_EQ(message.limits().max_input_tokens(), 8);
  EXPECT_EQ(message.limits().max_request_bytes(), 1000);
  EXPECT_EQ(message.limits().max_reply_bytes(), 4096);
  EXPECT_EQ(message.limits().max_batch_tokens(), 2048);
  EXPECT_EQ(message.weights_sha256(), "c0ffee");
  EXPECT_EQ(message.kernel().isa(), "avx2");
  EXPECT_EQ(message.kernel().linear_implementation(), "panels:AVX2:int8");
  EXPECT_EQ(message.kernel().output_head_implementation(), "panels:AVX2:bf16");
  EXPECT_EQ(message.kernel().thread_count(), 4);
  EXPECT_EQ(message.kernel().worker_count(), 2);
  EXPECT_EQ(message.server_version(), "1.2.3");
  EXPECT_EQ(message.model_version(), "c0ffee-2");
}

}  // namespace
}  // namespace attnd
