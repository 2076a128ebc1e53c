#include "client/addresses.h"

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace attnd::client {
namespace {

TEST(AddressesTest, OneAddressStaysAsItIs) {
  for (const char* target :
       {"localhost:50051", "unix:/run/attnd.sock", "dns:///attnd:50051", "ipv4:10.0.0.7:1,10.0.0.8:2"}) {
    EXPECT_EQ(TargetOfAddresses(target).value(), target);
  }
}

TEST(AddressesTest, SeveralBecomeOneTarget) {
  EXPECT_EQ(TargetOfAddresses("10.0.0.7:50051,10.0.0.8:50052").value(), "ipv4:10.0.0.7:50051,10.0.0.8:50052");
  EXPECT_EQ(TargetOfAddresses("[::1]:50051,[::2]:50052").value(), "ipv6:[::1]:50051,[::2]:50052");
  EXPECT_EQ(TargetOfAddresses("[::1]:50051,10.0.0.8:50052").value(), "ipv6:[::1]:50051,[::ffff:10.0.0.8]:50052");
}

TEST(AddressesTest, WhatIsNoAddressAmongSeveralIsNamed) {
  for (const char* wrong : {"", "host", "host:", "host:0", "host:65536", ":50051", "unix:/run/attnd.sock"}) {
    EXPECT_EQ(TargetOfAddresses(std::string("10.0.0.7:50051,") + wrong).status(),
              absl::InvalidArgumentError("'" + std::string(wrong) +
                                         "' among several servers must be HOST:PORT, the port in [1, 65535]"));
  }
}

TEST(AddressesTest, TheFirstHostIsThatOfTheFirstServer) {
  EXPECT_EQ(FirstHost("a.example:443,b.example:443").value(), "a.example");
  EXPECT_EQ(FirstHost("[::1]:50051,[::2]:50052").value(), "::1");
  EXPECT_EQ(FirstHost("a.example,b.example:443").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(AddressesTest, ListsAndNamesHaveSeveralServers) {
  EXPECT_TRUE(HasSeveralServers("ipv4:10.0.0.7:50051,10.0.0.8:50052"));
  EXPECT_TRUE(HasSeveralServers("dns:///attnd:50051"));
  EXPECT_FALSE(HasSeveralServers("localhost:50051"));
  EXPECT_FALSE(HasSeveralServers("ipv4:10.0.0.7:50051"));
}

}  // namespace
}  // namespace attnd::client
