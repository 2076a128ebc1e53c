// Clients of several servers.

#include <algorithm>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/addresses.h"
#include "client/client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/fake_server.h"

namespace attnd::client {
namespace {

using ::testing::Each;
using ::testing::Ge;

class BalancingTest : public testing::Test {
 protected:
  // Of one attempt a call, so that a failure shows.
  std::unique_ptr<Client> ClientOf(std::vector<std::string> targets) {
    const auto target = TargetOfAddresses(absl::StrJoin(targets, ","));
    EXPECT_TRUE(target.ok()) << target.status();
    return Client::Create({.target = *target, .retry = {.max_attempts = 1}});
  }

  std::unique_ptr<Client> ClientOfAll() {
    return ClientOf({servers_[0].target(), servers_[1].target(), servers_[2].target()});
  }

  std::vector<int> CallCounts() {
    std::vector<int> counts;
    for (FakeServer& server : servers_) counts.push_back(server.service().call_count());
    return counts;
  }

  static void Call(Client& client, int times) {
    v1::EmbedRequest request;
    request.add_inputs()->mutable_token_ids()->add_ids(1);
    for (int i = 0; i < times; ++i) EXPECT_EQ(client.Embed(request).status(), absl::OkStatus());
  }

  FakeServer servers_[3];
};

TEST_F(BalancingTest, CallsTakeTurnsAmongAllServers) {
  const auto client = ClientOfAll();
  // Until all are connected.
  while (std::ranges::min(CallCounts()) == 0) Call(*client, 1);
  const std::vector<int> before = CallCounts();
  Call(*client, 30);
  std::vector<int> more = CallCounts();
  for (size_t i = 0; i < more.size(); ++i) more[i] -= before[i];
  EXPECT_THAT(more, Each(10));
}

TEST_F(BalancingTest, AServerThatIsNotThereCostsNoCall) {
  const auto client = ClientOf({UnusedTarget(), servers_[0].target(), servers_[1].target()});
  Call(*client, 100);
}

TEST_F(BalancingTest, AServerThatDoesNotServeGetsNoCall) {
  servers_[1].SetServing(false);
  const auto client = ClientOfAll();
  while (CallCounts()[0] < 10 || CallCounts()[2] < 10) Call(*client, 1);
  EXPECT_EQ(CallCounts()[1], 0);
}

TEST_F(BalancingTest, AServerThatEndsCostsNoCallThatHasAttemptsLeft) {
  auto mortal = std::make_unique<FakeServer>();
  const auto target = TargetOfAddresses(absl::StrCat(mortal->target(), ",", servers_[0].target()));
  const auto client = Client::Create({.target = *target});
  while (mortal->service().call_count() == 0) Call(*client, 1);
  mortal.reset();
  Call(*client, 100);
  EXPECT_THAT(CallCounts()[0], Ge(100));
}

}  // namespace
}  // namespace attnd::client
