#include "server/rpc/request_id.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd {
namespace {

using testing::MatchesRegex;

TEST(RequestIdTest, AnIdOfTheCallersIsKept) {
  EXPECT_EQ(RequestIdFrom("7"), "7");
  EXPECT_EQ(RequestIdFrom("order/2026-11:#!~"), "order/2026-11:#!~");
  EXPECT_EQ(RequestIdFrom(std::string(128, 'x')), std::string(128, 'x'));
}

TEST(RequestIdTest, WhatCannotStandInALogIsReplaced) {
  for (const std::string& offered : {std::string(), std::string("a b"), std::string("a\nb"), std::string("\u00e9"),
                                     std::string(129, 'x'), std::string("a\0b", 3), std::string("\x7f")}) {
    EXPECT_THAT(RequestIdFrom(offered), MatchesRegex("[0-9a-f]{32}"));
  }
}

TEST(RequestIdTest, IdsOfOursDiffer) { EXPECT_NE(RequestIdFrom(""), RequestIdFrom("")); }

}  // namespace
}  // namespace attnd
