#include "client/ctl/new_key.h"

#include <cstddef>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "server/security/api_keys.h"

namespace attnd::client {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

// What a server makes of the line.
ApiKey Read(const NewKey& key) {
  const auto keys = ParseApiKeys(key.line, "keys");
  EXPECT_TRUE(keys.ok()) << keys.status();
  return keys->front();
}

TEST(MakeKeyTest, TheLineIsOneThatAServerReads) {
  const auto made = MakeKey({.id = "indexer", .methods = "Embed", .tokens_per_second = 5, .burst_tokens = 7});
  ASSERT_TRUE(made.ok()) << made.status();
  const ApiKey read = Read(*made);
  EXPECT_EQ(read.id, "indexer");
  EXPECT_EQ(read.sha256, DigestOf(made->key));
  EXPECT_EQ(read.allowed.count(), 1);
  EXPECT_TRUE(read.allowed.test(static_cast<size_t>(Permission::kEmbed)));
  EXPECT_EQ(read.tokens_per_second, 5);
  EXPECT_EQ(read.burst_tokens, 7);
}

TEST(MakeKeyTest, TheKeyIs32BytesOfChanceAndNotInTheLine) {
  std::set<std::string> keys;
  for (int i = 0; i < 100; ++i) {
    const auto made = MakeKey({.id = "a", .methods = "*"});
    EXPECT_THAT(made->key, MatchesRegex("attnd_[0-9A-Za-z_-]{43}"));
    EXPECT_THAT(made->line, Not(HasSubstr(made->key.substr(6, 8))));
    keys.insert(made->key);
  }
  EXPECT_EQ(keys.size(), 100);
}

TEST(MakeKeyTest, WithoutABurstTheLargestCallOrASecondFits) {
  EXPECT_EQ(Read(*MakeKey({.id = "a", .methods = "*", .tokens_per_second = 5})).burst_tokens, 16384);
  EXPECT_EQ(Read(*MakeKey({.id = "a", .methods = "*", .tokens_per_second = 20000})).burst_tokens, 20000);
  EXPECT_EQ(Read(*MakeKey({.id = "a", .methods = "*"})).burst_tokens, 0);
}

TEST(MakeKeyTest, WhatAServerWouldRefuseIsRefused) {
  for (const KeyGrant& grant :
       {KeyGrant{.id = "", .methods = "*"}, KeyGrant{.id = "a b", .methods = "*"},
        KeyGrant{.id = "a methods=*", .methods = "*"}, KeyGrant{.id = "a\nid=b", .methods = "*"},
        KeyGrant{.id = "a", .methods = "embed"}, KeyGrant{.id = "a", .methods = ""},
        KeyGrant{.id = "a", .methods = "*", .tokens_per_second = -1},
        KeyGrant{.id = "a", .methods = "*", .burst_tokens = 1}}) {
    EXPECT_TRUE(absl::IsInvalidArgument(MakeKey(grant).status())) << grant.id;
  }
}

TEST(NewKeyOutputTest, ShowsTheKeyOnceAndTheLine) {
  const NewKey key = {.id = "a", .key = "attnd_x", .line = "id=a sha256=0 methods=*"};
  const std::string table = NewKeyTable(key);
  EXPECT_THAT(table, HasSubstr("\n  attnd_x\n"));
  EXPECT_THAT(table, HasSubstr("\n  id=a sha256=0 methods=*\n"));
  EXPECT_EQ(nlohmann::json::parse(NewKeyJson(key)),
            nlohmann::json({{"id", "a"}, {"key", "attnd_x"}, {"line", "id=a sha256=0 methods=*"}}));
}

}  // namespace
}  // namespace attnd::client
