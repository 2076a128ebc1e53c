#include "server/rpc/traceparent.h"

#include <string>

#include "gtest/gtest.h"

namespace attnd {
namespace {

const std::string kTrace = "0af7651916cd43dd8448eb211c80319c";
const std::string kValid = "00-" + kTrace + "-b7ad6b7169203331-01";

TEST(TraceparentTest, GivesTheTraceId) { EXPECT_EQ(TraceIdOf(kValid), kTrace); }

TEST(TraceparentTest, AnUnknownVersionMayGoOn) {
  EXPECT_EQ(TraceIdOf("01-" + kTrace + "-b7ad6b7169203331-01-more"), kTrace);
  EXPECT_EQ(TraceIdOf("cc-" + kTrace + "-b7ad6b7169203331-01"), kTrace);
  EXPECT_EQ(TraceIdOf("01-" + kTrace + "-b7ad6b7169203331-01.more"), "");
}

TEST(TraceparentTest, WhatIsNotAllowedIsIgnored) {
  for (const std::string& header :
       {std::string(), kValid + "-", kValid + "0", kValid.substr(0, 54), "ff-" + kTrace + "-b7ad6b7169203331-01",
        "00-" + std::string(32, '0') + "-b7ad6b7169203331-01", "00-" + kTrace + "-0000000000000000-01",
        std::string("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"), "00-" + kTrace + "-b7ad6b716920333g-01",
        "00_" + kTrace + "-b7ad6b7169203331-01", "00-" + kTrace + "-b7ad6b7169203331-0x", " " + kValid}) {
    EXPECT_EQ(TraceIdOf(header), "") << header;
  }
}

}  // namespace
}  // namespace attnd
