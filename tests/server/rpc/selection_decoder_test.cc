// Positions by name and in lists, the likeliest tokens and log-probabilities: what calls become, and which are refused.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/rpc/invalid_field.h"
#include "server/rpc/request_decoder.h"
#include "tests/server/rpc/messages.h"

namespace attnd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SelectionTest : public testing::Test {
 protected:
  // Of three tokens and of five.
  SelectionTest() {
    AddIds({1, 2, 3}, *call_.mutable_inputs());
    AddIds({1, 2, 3, 4, 5}, *call_.mutable_inputs());
  }

  void ExpectRefused(const std::string& field, const std::string& text) const {
    const absl::Status status = decoder_.DecodeForward(call_).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_EQ(FieldOf(status), field);
    EXPECT_THAT(status.message(), HasSubstr(text));
  }

  v1::HiddenStatesSelection& AskForList(const std::vector<uint32_t>& positions) {
    v1::HiddenStatesSelection& selection = *call_.add_hidden_states();
    selection.set_positions(v1::POSITIONS_LISTED);
    selection.mutable_listed_positions()->Assign(positions.begin(), positions.end());
    return selection;
  }

  const RequestDecoder decoder_{SmallModel(), NoTokenizer(), {.max_top_k = 7}};
  v1::ForwardRequest call_;
};

TEST_F(SelectionTest, ListedPositionsKeepTheirOrder) {
  AskForList({2, 0});
  call_.set_logits(v1::POSITIONS_LISTED);
  call_.add_logits_listed_positions(1);
  call_.mutable_top_k()->set_k(7);
  call_.mutable_top_k()->set_positions(v1::POSITIONS_LISTED);
  call_.mutable_top_k()->add_listed_positions(2);
  const auto request = decoder_.DecodeForward(call_);
  ASSERT_TRUE(request.ok()) << request.status();
  const OutputSelection& selection = (*request)->selection;
  EXPECT_THAT(selection.hidden[0].positions.listed, ElementsAre(2, 0));
  EXPECT_THAT(selection.logits->listed, ElementsAre(1));
  EXPECT_EQ(selection.top->k, 7);
  EXPECT_THAT(selection.top->positions.listed, ElementsAre(2));
  EXPECT_FALSE(selection.token_log_probabilities);
}

TEST_F(SelectionTest, APositionMustBeThereInEveryInput) {
  AskForList({2, 3});
  ExpectRefused("hidden_states[0].listed_positions[1]", "= 3, must be in [0, 3), the tokens of inputs[0]");
  call_.clear_hidden_states();
  call_.set_logits(v1::POSITIONS_LISTED);
  call_.add_logits_listed_positions(7);
  ExpectRefused("logits_listed_positions[0]", "= 7, must be in [0, 3), the tokens of inputs[0]");
  call_.set_logits_listed_positions(0, 8);
  ExpectRefused("logits_listed_positions[0]", "= 8, must be in [0, 8) (max_input_tokens)");
  call_.set_logits_listed_positions(0, UINT32_MAX);
  ExpectRefused("logits_listed_positions[0]", "= 4294967295, must be in [0, 8)");
}

TEST_F(SelectionTest, NoPositionIsListedTwice) {
  AskForList({2, 1, 2});
  ExpectRefused("hidden_states[0].listed_positions[2]", "= 2 is listed twice, must be at most once");
}

TEST_F(SelectionTest, AListGoesWithItsNameAndOtherNamesWithNone) {
  AskForList({});
  ExpectRefused("hidden_states[0].listed_positions", "has 0 entries, must have 1 to 8 for POSITIONS_LISTED");
  call_.mutable_hidden_states(0)->mutable_listed_positions()->Resize(9, 0);
  ExpectRefused("hidden_states[0].listed_positions", "has 9 entries, must have 1 to 8");
  call_.mutable_hidden_states(0)->set_positions(v1::POSITIONS_ALL);
  ExpectRefused("hidden_states[0].listed_positions",
                "has 9 entries, must have none unless hidden_states[0].positions is POSITIONS_LISTED");
  call_.clear_hidden_states();
  call_.add_logits_listed_positions(0);
  ExpectRefused("logits_listed_positions", "must have none unless logits is POSITIONS_LISTED");
  call_.clear_logits_listed_positions();
  call_.mutable_top_k()->set_k(1);
  call_.mutable_top_k()->add_listed_positions(0);
  ExpectRefused("top_k.listed_positions", "must have none unless top_k.positions is POSITIONS_LISTED");
}

TEST_F(SelectionTest, TheLikeliestTokensAreOneToTheLimit) {
  for (const uint32_t k : {0U, 8U, UINT32_MAX}) {
    call_.mutable_top_k()->set_k(k);
    ExpectRefused("top_k.k", "must be in [1, 7], the smaller of the model's vocabulary_size and max_top_k");
  }
  const RequestDecoder generous(SmallModel(), NoTokenizer(), CallLimits());
  call_.mutable_top_k()->set_k(10);
  const auto request = generous.DecodeForward(call_);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ((*request)->selection.top->positions, Positions::kLast);
  call_.mutable_top_k()->set_k(11);
  EXPECT_THAT(generous.DecodeForward(call_).status().message(), HasSubstr("= 11, must be in [1, 10]"));
}

TEST_F(SelectionTest, LogProbabilitiesOfTokensNeedTokens) {
  call_.set_token_log_probabilities(true);
  const auto request = decoder_.DecodeForward(call_);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_TRUE((*request)->selection.token_log_probabilities);
  AddHidden({1, 2, 3, 4}, *call_.mutable_inputs());
  ExpectRefused("token_log_probabilities",
                "= true, must be false where an input is hidden states, which have no ids: inputs[2]");
}

TEST_F(SelectionTest, ACallThatAsksForNothingIsToldWhatItMayAskFor) {
  ExpectRefused("hidden_states",
                "hidden_states has 0 entries, logits is unspecified, top_k is absent and token_log_probabilities is "
                "false");
}

TEST_F(SelectionTest, AnItemOfAStreamIsCheckedLikewise) {
  v1::ForwardStreamRequest item;
  item.mutable_input()->mutable_token_ids()->add_ids(3);
  item.mutable_top_k()->set_k(2);
  item.set_token_log_probabilities(true);
  auto request = decoder_.DecodeForwardItem(item);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ((*request)->selection.top->k, 2);
  EXPECT_TRUE((*request)->selection.token_log_probabilities);
  item.mutable_top_k()->set_positions(v1::POSITIONS_LISTED);
  item.mutable_top_k()->add_listed_positions(1);
  EXPECT_THAT(decoder_.DecodeForwardItem(item).status().message(),
              HasSubstr("top_k.listed_positions[0] = 1, must be in [0, 1), the tokens of input"));
}

}  // namespace
}  // namespace attnd
