// Calls that are made a second time while the first is under way.

#include <future>
#include <memory>
#include <thread>
#include <utility>

#include "absl/time/time.h"
#include "client/client.h"
#include "gtest/gtest.h"
#include "tests/client/fake_server.h"

namespace attnd::client {
namespace {

v1::EmbedRequest OneInput() {
  v1::EmbedRequest request;
  request.add_inputs()->mutable_token_ids()->add_ids(1);
  return request;
}

class HedgingTest : public testing::Test {
 protected:
  std::unique_ptr<Client> Hedging(absl::Duration delay) {
    return Client::Create({.target = server_.target(), .retry = {.max_attempts = 1}, .hedging_delay = delay});
  }

  void WaitUntilCancelled(int calls) {
    while (server_.service().cancelled_count() < calls) std::this_thread::yield();
  }

  FakeServer server_;
};

TEST_F(HedgingTest, TheSecondCallAnswersForAFirstThatHangsAndThatIsCancelled) {
  const auto client = Hedging(absl::Milliseconds(1));
  server_.service().HoldNextUntilCancelled();
  EXPECT_EQ(client->Embed(OneInput()).status(), absl::OkStatus());
  WaitUntilCancelled(1);
  EXPECT_EQ(server_.service().call_count(), 2);
  server_.service().HoldNextUntilCancelled();
  EXPECT_EQ(client->Forward({}).status(), absl::OkStatus());
  WaitUntilCancelled(2);
}

TEST_F(HedgingTest, AnAnswerInTimeNeedsNoSecondCall) {
  const auto client = Hedging(absl::Hours(1));
  EXPECT_EQ(client->Embed(OneInput()).status(), absl::OkStatus());
  server_.service().AnswerWith({grpc::Status(grpc::StatusCode::UNAVAILABLE, "draining")});
  EXPECT_EQ(client->Embed(OneInput()).status(), absl::UnavailableError("draining"));
  EXPECT_EQ(server_.service().call_count(), 2);
}

TEST_F(HedgingTest, AnErrorThatBothWouldHaveCounts) {
  const auto client = Hedging(absl::Milliseconds(1));
  server_.service().HoldNextUntilCancelled();
  server_.service().AnswerWith({grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "wrong")});
  EXPECT_EQ(client->Embed(OneInput()).status(), absl::InvalidArgumentError("wrong"));
  WaitUntilCancelled(1);
}

TEST_F(HedgingTest, ASecondCallWithoutRoomLeavesTheFirstWaiting) {
  const auto client = Client::Create({.target = server_.target(),
                                      .timeout = absl::Milliseconds(200),
                                      .retry = {.max_attempts = 1},
                                      .hedging_delay = absl::Milliseconds(1)});
  server_.service().HoldNextUntilCancelled();
  server_.service().AnswerWith({grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "full")});
  EXPECT_EQ(client->Embed(OneInput()).status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(HedgingTest, NoCallIsMadeTwiceUnlessAskedFor) {
  const auto client = Client::Create({.target = server_.target(), .timeout = absl::Milliseconds(200)});
  server_.service().HoldNextUntilCancelled();
  EXPECT_EQ(client->Embed(OneInput()).status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_LE(server_.service().call_count(), 1);
}

// Whoever waits for the last callback may destroy the client, whatever gRPC's thread still has to do.
TEST_F(HedgingTest, AClientMayGoAsSoonAsTheLastCallbackHasBegun) {
  for (int round = 0; round < 300; ++round) {
    ClientOptions options = {.target = server_.target()};
    if (round % 2 == 1) options.hedging_delay = absl::Microseconds(round);
    auto client = Client::Create(options);
    std::promise<void> done;
    client->EmbedAsync(OneInput(), [&done](const absl::StatusOr<v1::EmbedResponse>& response) {
      EXPECT_EQ(response.status(), absl::OkStatus());
      done.set_value();
    });
    done.get_future().wait();
    client.reset();
  }
}

}  // namespace
}  // namespace attnd::client
