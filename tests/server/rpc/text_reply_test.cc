#include "server/rpc/text_reply.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/text/vocabularies.h"

namespace attnd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class TextReplyTest : public testing::Test {
 protected:
  TextReplyTest() {
    model_.version = "c0ffee-1";
    model_.tokenizer = Tokenizer::Create(DefinitionOf({{"a", "b"}}, {"<end>"}));
  }

  v1::DetokenizeResponse Detokenize(const std::vector<uint32_t>& ids, bool skip_special_tokens) const {
    v1::DetokenizeRequest message;
    message.mutable_ids()->Add(ids.begin(), ids.end());
    message.set_skip_special_tokens(skip_special_tokens);
    v1::DetokenizeResponse reply;
    EXPECT_TRUE(AnswerDetokenize(model_, message, CallLimits(), hold_, reply).ok());
    return reply;
  }

  ServedModel model_;
  std::vector<int64_t> held_;  // what replies were said to take
  const std::function<absl::Status(int64_t)> hold_ = [this](int64_t byte_count) {
    held_.push_back(byte_count);
    return absl::OkStatus();
  };
};

TEST_F(TextReplyTest, TokenizeGivesIdsAndWhereTheyLie) {
  v1::TokenizeRequest message;
  message.set_text("ab\u00e9<end>");
  v1::TokenizeResponse reply;

  ASSERT_TRUE(AnswerTokenize(model_, message, CallLimits(), hold_, reply).ok());

  EXPECT_THAT(reply.ids(), ElementsAre(256, 0xc3, 0xa9, 257));
  EXPECT_THAT(reply.begins(), ElementsAre(0, 2, 3, 4));
  EXPECT_THAT(reply.ends(), ElementsAre(2, 3, 4, 9));
  EXPECT_EQ(reply.model_version(), "c0ffee-1");
}

TEST_F(TextReplyTest, DetokenizeGivesTextWhereItIsTextAndBytesElse) {
  const v1::DetokenizeResponse whole = Detokenize({256, 0xc3, 0xa9, 257}, false);
  EXPECT_EQ(whole.text(), "ab\u00e9<end>");
  EXPECT_THAT(whole.ends(), ElementsAre(2, 3, 4, 9));
  EXPECT_EQ(whole.model_version(), "c0ffee-1");

  const v1::DetokenizeResponse without_special = Detokenize({256, 257, 0xc3, 0xa9}, true);
  EXPECT_EQ(without_special.text(), "ab\u00e9");
  EXPECT_THAT(without_special.ends(), ElementsAre(2, 2, 3, 4));

  const v1::DetokenizeResponse bytes = Detokenize({0xc3}, false);
  EXPECT_FALSE(bytes.has_text());
  EXPECT_EQ(bytes.text_bytes(), "\xc3");

  const v1::DetokenizeResponse empty = Detokenize({}, false);
  EXPECT_TRUE(empty.has_text());
  EXPECT_EQ(empty.text(), "");
}

TEST_F(TextReplyTest, WhatIsWrongIsNamed) {
  const auto message_of = [](const absl::Status& status) {
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    return std::string(status.message());
  };
  v1::TokenizeRequest text;
  v1::TokenizeResponse tokens;
  EXPECT_THAT(message_of(AnswerTokenize(model_, text, CallLimits(), hold_, tokens)),
              HasSubstr("neither text nor text_bytes"));
  text.set_text_bytes("abcd");
  EXPECT_THAT(message_of(AnswerTokenize(model_, text, {.max_request_text_bytes = 3}, hold_, tokens)),
              HasSubstr("text_bytes has 4 bytes, must have at most 3 (max_request_text_bytes)"));
  EXPECT_THAT(message_of(AnswerTokenize(model_, text, {.max_reply_bytes = 44}, hold_, tokens)),
              HasSubstr("the reply would have 45 bytes, must have at most 44 (max_reply_bytes)"));
  v1::DetokenizeRequest ids;
  v1::DetokenizeResponse reply;
  ids.add_ids(65);
  ids.add_ids(4'000'000'000U);
  EXPECT_EQ(message_of(AnswerDetokenize(model_, ids, CallLimits(), hold_, reply)),
            "ids[1] = 4000000000, which no token has");
  EXPECT_THAT(message_of(AnswerDetokenize(model_, ids, {.max_reply_bytes = 9}, hold_, reply)),
              HasSubstr("the reply would have 10 bytes, must have at most 9 (max_reply_bytes)"));
  ids.set_ids(1, 65);
  EXPECT_THAT(message_of(AnswerDetokenize(model_, ids, {.max_reply_bytes = 11}, hold_, reply)),
              HasSubstr("the reply would have 12 bytes, must have at most 11 (max_reply_bytes)"));
}

TEST_F(TextReplyTest, WhatAReplyTakesIsSaidBeforeItIsMadeAndAsItIs) {
  v1::TokenizeRequest text;
  text.set_text(std::string(1000, '~'));
  v1::TokenizeResponse tokens;
  ASSERT_TRUE(AnswerTokenize(model_, text, CallLimits(), hold_, tokens).ok());
  EXPECT_THAT(held_, ElementsAre(30'000, tokens.ByteSizeLong()));
  held_.clear();
  v1::DetokenizeRequest ids;
  *ids.mutable_ids() = tokens.ids();
  v1::DetokenizeResponse reply;
  ASSERT_TRUE(AnswerDetokenize(model_, ids, CallLimits(), hold_, reply).ok());
  EXPECT_THAT(held_, ElementsAre(10'000, reply.ByteSizeLong()));
}

TEST_F(TextReplyTest, WhatIsRefusedForWhatItTakesIsNotMade) {
  const auto refuse = [](int64_t) { return absl::ResourceExhaustedError("no room"); };
  v1::TokenizeRequest text;
  text.set_text("ab");
  v1::TokenizeResponse tokens;
  EXPECT_EQ(AnswerTokenize(model_, text, CallLimits(), refuse, tokens), absl::ResourceExhaustedError("no room"));
  EXPECT_EQ(tokens.ids_size(), 0);
  // What could never be answered is told so.
  EXPECT_TRUE(absl::IsInvalidArgument(AnswerTokenize(model_, v1::TokenizeRequest(), CallLimits(), refuse, tokens)));
}

TEST_F(TextReplyTest, AModelWithoutATokenizerSaysSo) {
  const ServedModel model;
  v1::TokenizeRequest text;
  text.set_text("a");
  v1::TokenizeResponse tokens;
  v1::DetokenizeResponse reply;
  EXPECT_TRUE(absl::IsFailedPrecondition(AnswerTokenize(model, text, CallLimits(), hold_, tokens)));
  EXPECT_TRUE(absl::IsFailedPrecondition(AnswerDetokenize(model, {}, CallLimits(), hold_, reply)));
}

}  // namespace
}  // namespace attnd
