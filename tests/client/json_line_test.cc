#include "client/json_line.h"

#include "gtest/gtest.h"

namespace attnd::client {
namespace {

TEST(JsonLineTest, BytesThatAreNotUtf8AreReplaced) {
  EXPECT_EQ(JsonLine({{"folder", "a\xff\xc3\xa9"}, {"count", 1}}),
            "{\"folder\":\"a\xef\xbf\xbd\xc3\xa9\",\"count\":1}\n");
}

}  // namespace
}  // namespace attnd::client
