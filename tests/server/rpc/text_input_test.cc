#include <memory>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/rpc/invalid_field.h"
#include "server/rpc/reply_encoder.h"
#include "server/rpc/request_decoder.h"
#include "tests/engine/text/vocabularies.h"
#include "tests/server/rpc/messages.h"

namespace attnd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ModelConfig Model() {
  ModelConfig config = SmallModel();
  config.vocabulary_size = 257;
  return config;
}

v1::EmbedRequest Call(const char* text, bool truncate = false) {
  v1::EmbedRequest message;
  message.add_inputs()->set_text(text);
  message.set_truncate(truncate);
  return message;
}

// 8 tokens an input, of at most 7 bytes.
class TextInputTest : public testing::Test {
 protected:
  void ExpectInvalid(const v1::EmbedRequest& message, const char* field, const char* text) const {
    const absl::Status status = decoder_.DecodeEmbed(message).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(text));
    EXPECT_EQ(FieldOf(status), field);
  }

  const absl::StatusOr<Tokenizer> tokenizer_ = Tokenizer::Create(DefinitionOf({{"a", "b"}}, {"<added>"}));
  const RequestDecoder decoder_{Model(), tokenizer_, {.max_request_tokens = 10, .max_request_text_bytes = 100}};
};

TEST_F(TextInputTest, TextBecomesTheIdsOfItsTokens) {
  v1::EmbedRequest message = Call("cab");
  message.add_inputs()->set_text_bytes(
      "\xff"
      "ab");
  AddIds({7}, *message.mutable_inputs());

  const auto request = decoder_.DecodeEmbed(message);

  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_THAT((*request)->inputs[0].token_ids, ElementsAre('c', 256));
  EXPECT_EQ((*request)->inputs[0].token_count, 2);
  EXPECT_THAT((*request)->inputs[1].token_ids, ElementsAre(0xff, 256));
  EXPECT_THAT((*request)->inputs[2].token_ids, ElementsAre(7));
  EXPECT_THAT((*request)->truncated_from, ElementsAre(0, 0, 0));
}

TEST_F(TextInputTest, TextOfTooManyTokensIsRefusedUnlessItMayBeCut) {
  ExpectInvalid(Call("cdefgabhij"), "inputs[0].text",
                "inputs[0].text has 9 tokens, must have 1 to 8 (max_input_tokens); set truncate to have it cut");

  const auto request = decoder_.DecodeEmbed(Call("cdefgabhij", /*truncate=*/true));

  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ((*request)->inputs[0].token_count, 8);
  EXPECT_THAT((*request)->inputs[0].token_ids, ElementsAre('c', 'd', 'e', 'f', 'g', 256, 'h', 'i'));
  EXPECT_THAT((*request)->truncated_from, ElementsAre(9));
}

TEST_F(TextInputTest, AReplySaysWhatWasCut) {
  v1::EmbedRequest message = Call("abc", /*truncate=*/true);
  auto request = *decoder_.DecodeEmbed(message);
  auto model = std::make_shared<ServedModel>();
  request->model = model;
  request->outputs = {{.embedding = {1, 2, 3, 4}}};
  v1::EmbedResponse whole;
  EncodeEmbed(*request, whole);
  EXPECT_THAT(whole.truncated_from(), ElementsAre());

  request->truncated_from = {9};
  v1::EmbedResponse cut;
  EncodeEmbed(*request, cut);
  EXPECT_THAT(cut.truncated_from(), ElementsAre(9));
  v1::EmbedStreamResponse item;
  EncodeEmbedItem(*request, item);
  EXPECT_EQ(item.result().truncated_from(), 9);
}

TEST_F(TextInputTest, TextThatCannotFitIsRefusedBeforeItIsLookedAt) {
  ExpectInvalid(Call(std::string(57, 'x').c_str()), "inputs[0].text",
                "inputs[0].text has 57 bytes, must have at most 56: 8 tokens (max_input_tokens) of at most 7 bytes");
  EXPECT_TRUE(decoder_.DecodeEmbed(Call(std::string(57, 'x').c_str(), /*truncate=*/true)).ok());
}

TEST_F(TextInputTest, TextsTogetherHaveALimit) {
  v1::EmbedRequest message = Call(std::string(60, 'x').c_str(), /*truncate=*/true);
  message.add_inputs()->set_text_bytes(std::string(41, 'x'));
  ExpectInvalid(message, "inputs", "inputs has 101 bytes of text, must have at most 100 (max_request_text_bytes)");
  v1::EmbedStreamRequest item;
  item.mutable_input()->set_text(std::string(101, 'x'));
  EXPECT_THAT(std::string(decoder_.DecodeEmbedItem(item).status().message()), HasSubstr("input has 101 bytes of text"));
}

TEST_F(TextInputTest, EmptyTextAndTokensThatTheModelLacksAreRefused) {
  ExpectInvalid(Call(""), "inputs[0].text", "inputs[0].text has 0 tokens, must have 1 to 8");
  ExpectInvalid(Call("a<added>"), "inputs[0].text", "inputs[0].text token 1 = 257, must be in [0, 257)");
}

TEST_F(TextInputTest, WithoutATokenizerTextIsRefusedWithTheReason) {
  const RequestDecoder decoder(Model(), NoTokenizer(), CallLimits());
  const absl::Status status = decoder.DecodeEmbed(Call("a")).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_EQ(status.message(), "no tokenizer here");
}

}  // namespace
}  // namespace attnd
