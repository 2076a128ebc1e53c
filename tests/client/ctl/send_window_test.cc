#include "client/ctl/send_window.h"

#include "gtest/gtest.h"

namespace attnd::client {
namespace {

TEST(SendWindowTest, BeginsWithAllThatIsAllowed) { EXPECT_EQ(SendWindow(256).size(), 256U); }

TEST(SendWindowTest, ARefusalLeavesWhatTheServerHeld) {
  SendWindow window(256);
  window.OnRefused(64);
  EXPECT_EQ(window.size(), 64U);
  window.OnRefused(100);
  EXPECT_EQ(window.size(), 64U);
  window.OnRefused(0);
  EXPECT_EQ(window.size(), 1U);
}

TEST(SendWindowTest, GrowsByOneForEachWindowAnsweredUpToWhatIsAllowed) {
  SendWindow window(4);
  window.OnRefused(2);
  window.OnAnswered();
  EXPECT_EQ(window.size(), 2U);
  window.OnAnswered();
  EXPECT_EQ(window.size(), 3U);
  for (int i = 0; i < 100; ++i) window.OnAnswered();
  EXPECT_EQ(window.size(), 4U);
}

}  // namespace
}  // namespace attnd::client
