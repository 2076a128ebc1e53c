#include "server/rpc/peer.h"

#include "gtest/gtest.h"

namespace attnd {
namespace {

TEST(PeerHostTest, ConnectionsOfAHostHaveItInCommon) {
  EXPECT_EQ(PeerHost("ipv4:192.0.2.1:5031"), "ipv4:192.0.2.1");
  EXPECT_EQ(PeerHost("ipv4:192.0.2.1:5032"), "ipv4:192.0.2.1");
  EXPECT_EQ(PeerHost("ipv6:%5B2001:db8::1%5D:5031"), "ipv6:%5B2001:db8::1%5D");
}

TEST(PeerHostTest, ANameWithoutAPortStaysWhole) {
  EXPECT_EQ(PeerHost("unix:/run/attnd:7"), "unix:/run/attnd:7");
  EXPECT_EQ(PeerHost(""), "");
}

}  // namespace
}  // namespace attnd
