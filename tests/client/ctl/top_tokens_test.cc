#include "client/ctl/top_tokens.h"

#include <cmath>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd::client {
namespace {

TEST(TopTokensTest, TheLargestLogitsComeFirst) {
  const std::vector<TokenScore> top = TopTokens({0, 3, 1, 2}, 2);
  ASSERT_EQ(top.size(), 2U);
  EXPECT_EQ(top[0].id, 1);
  EXPECT_EQ(top[1].id, 3);
  EXPECT_NEAR(top[0].log_probability, 3 - std::log(1 + std::exp(1) + std::exp(2) + std::exp(3)), 1e-12);
}

TEST(TopTokensTest, OfEqualLogitsTheLowerIdComesFirst) {
  const std::vector<TokenScore> top = TopTokens({5, 7, 7, 7}, 2);
  EXPECT_EQ(top[0].id, 1);
  EXPECT_EQ(top[1].id, 2);
}

TEST(TopTokensTest, HugeLogitsDoNotOverflow) {
  EXPECT_NEAR(TopTokens({1000, 1000}, 1)[0].log_probability, -std::log(2), 1e-9);
}

TEST(TopTokensTest, FewerLogitsThanAskedForAreAllThereIs) {
  EXPECT_EQ(TopTokens({1, 2}, 5).size(), 2U);
  EXPECT_TRUE(TopTokens({}, 5).empty());
}

}  // namespace
}  // namespace attnd::client
