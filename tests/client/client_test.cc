#include "client/client.h"

#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "client/chunk_reader.h"
#include "client/tensor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/fake_server.h"

namespace attnd::client {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::SizeIs;

v1::EmbedRequest OneInput() {
  v1::EmbedRequest request;
  request.add_inputs()->mutable_token_ids()->add_ids(1);
  return request;
}

class ClientTest : public testing::Test {
 protected:
  FakeServer server_;
  std::unique_ptr<Client> client_ = Client::Create({.target = server_.target()});
};

TEST_F(ClientTest, EmbedReturnsTheReply) {
  const absl::StatusOr<v1::EmbedResponse> response = client_->Embed(OneInput());
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_THAT(response->token_counts(), ElementsAre(1));
}

TEST_F(ClientTest, ForwardReturnsTheReply) {
  v1::ForwardRequest request;
  request.add_inputs()->mutable_token_ids()->add_ids(1);
  request.set_logits(v1::POSITIONS_LAST);
  const absl::StatusOr<v1::ForwardResponse> response = client_->Forward(request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_THAT(response->results(0).logits().shape(), ElementsAre(1, 100));
}

TEST_F(ClientTest, GetModelReturnsTheReply) {
  const absl::StatusOr<v1::GetModelResponse> response = client_->GetModel();
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->name(), "fake");
}

TEST_F(ClientTest, KeepsTheCodeAndMessageOfEveryError) {
  client_ = Client::Create({.target = server_.target(), .retry = {.max_attempts = 1}});
  for (int code = 1; code <= grpc::StatusCode::UNAUTHENTICATED; ++code) {
    server_.service().AnswerWith({grpc::Status(static_cast<grpc::StatusCode>(code), "reason")});
    EXPECT_EQ(client_->Embed(OneInput()).status(), absl::Status(static_cast<absl::StatusCode>(code), "reason"));
  }
}

TEST_F(ClientTest, AsynchronousCallsDeliverTheReply) {
  std::promise<absl::StatusOr<v1::EmbedResponse>> promise;
  client_->EmbedAsync(OneInput(),
                      [&](absl::StatusOr<v1::EmbedResponse> response) { promise.set_value(std::move(response)); });
  const absl::StatusOr<v1::EmbedResponse> response = promise.get_future().get();
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_THAT(response->token_counts(), ElementsAre(1));
}

TEST_F(ClientTest, AsynchronousCallsDeliverTheError) {
  server_.service().AnswerWith({grpc::Status(grpc::StatusCode::INTERNAL, "broken")});
  std::promise<absl::StatusOr<v1::ForwardResponse>> promise;
  client_->ForwardAsync({},
                        [&](absl::StatusOr<v1::ForwardResponse> response) { promise.set_value(std::move(response)); });
  EXPECT_EQ(promise.get_future().get().status(), absl::InternalError("broken"));
}

TEST_F(ClientTest, AStreamAnswersEachItemByItsId) {
  const std::unique_ptr<EmbedStream> stream = client_->OpenEmbedStream();
  for (const uint64_t id : {10U, 11U, 12U}) {
    v1::EmbedStreamRequest item;
    item.set_id(id);
    item.mutable_input()->mutable_token_ids()->add_ids(1);
    EXPECT_TRUE(stream->Write(item));
  }
  stream->HalfClose();
  std::map<uint64_t, bool> has_result;
  v1::EmbedStreamResponse answer;
  while (stream->Read(answer)) has_result[answer.id()] = answer.has_result();
  EXPECT_THAT(has_result, ElementsAre(Pair(10, true), Pair(11, false), Pair(12, true)));
  EXPECT_EQ(stream->Finish(), absl::OkStatus());
}

TEST_F(ClientTest, AStreamEndsWithTheServersStatus) {
  server_.service().AnswerWith({grpc::Status(grpc::StatusCode::UNAVAILABLE, "draining")});
  const std::unique_ptr<ForwardStream> stream = client_->OpenForwardStream();
  stream->HalfClose();
  v1::ForwardStreamResponse answer;
  EXPECT_FALSE(stream->Read(answer));
  EXPECT_EQ(stream->Finish(), absl::UnavailableError("draining"));
}

v1::ForwardStreamRequest ChunkedItem(uint64_t id, int token_count) {
  v1::ForwardStreamRequest item;
  item.set_id(id);
  item.mutable_input()->mutable_token_ids()->mutable_ids()->Resize(token_count, 1);
  item.set_max_chunk_bytes(1024);
  return item;
}

TEST_F(ClientTest, ChunksOfAResultFillTheRoomOfTheCaller) {
  const auto stream = client_->OpenForwardStream();
  for (const uint64_t id : {10U, 20U}) EXPECT_TRUE(stream->Write(ChunkedItem(id, 2)));
  stream->HalfClose();
  std::map<uint64_t, std::vector<char>> rooms;
  ChunkReader reader(*stream, [&](uint64_t id, const v1::TensorChunk& first, int64_t byte_count) {
    EXPECT_THAT(first.shape(), ElementsAre(2, 4));
    std::vector<char>& room = rooms[id];
    EXPECT_TRUE(room.empty()) << "asked twice";
    room.resize(static_cast<size_t>(byte_count));
    return absl::MakeSpan(room);
  });
  v1::ForwardStreamResponse answer;
  while (reader.Read(answer)) {
    const std::vector<char>& room = rooms[answer.id()];
    const auto first = static_cast<float>(answer.id());
    EXPECT_THAT(DecodeFloats({room.data(), room.size()}),
                ElementsAre(first, first + 1, first + 2, first + 3, first, first + 1, first + 2, first + 3));
    EXPECT_EQ(answer.result().token_count(), 2);
  }
  EXPECT_EQ(reader.Finish(), absl::OkStatus());
  EXPECT_EQ(rooms.size(), 2);
}

TEST_F(ClientTest, ChunksWithoutEnoughRoomEndTheReading) {
  const auto stream = client_->OpenForwardStream();
  EXPECT_TRUE(stream->Write(ChunkedItem(1, 2)));
  stream->HalfClose();
  std::vector<char> room(31);
  ChunkReader reader(*stream, [&](uint64_t, const v1::TensorChunk&, int64_t) { return absl::MakeSpan(room); });
  v1::ForwardStreamResponse answer;
  EXPECT_FALSE(reader.Read(answer));
  EXPECT_EQ(reader.Finish(), absl::InvalidArgumentError("room for 31 bytes of a tensor, which has 32"));
}

// A call of every kind, one after the other.
void CallEverything(Client& client) {
  EXPECT_TRUE(client.Forward({}).ok());
  EXPECT_TRUE(client.Embed(OneInput()).ok());
  EXPECT_TRUE(client.GetModel().ok());
  std::promise<void> forward_done;
  std::promise<void> embed_done;
  client.ForwardAsync({}, [&](const absl::StatusOr<v1::ForwardResponse>&) { forward_done.set_value(); });
  forward_done.get_future().wait();
  client.EmbedAsync(OneInput(), [&](const absl::StatusOr<v1::EmbedResponse>&) { embed_done.set_value(); });
  embed_done.get_future().wait();
  const auto forward_stream = client.OpenForwardStream();
  forward_stream->HalfClose();
  EXPECT_TRUE(forward_stream->Finish().ok());
  const auto embed_stream = client.OpenEmbedStream();
  embed_stream->HalfClose();
  EXPECT_TRUE(embed_stream->Finish().ok());
}

TEST_F(ClientTest, EveryCallShowsTheKey) {
  CallEverything(*Client::Create({.target = server_.target(), .api_key = "attnd_x"}));
  EXPECT_THAT(server_.service().authorizations(), AllOf(SizeIs(7), Each("Bearer attnd_x")));
}

TEST_F(ClientTest, WithoutAKeyOrWithOneThatCannotBeSentNoneIsShown) {
  CallEverything(*client_);
  for (const char* key : {"two words", "new\nline", "\x01", "\u00e9"}) {
    EXPECT_FALSE(IsApiKey(key));
    CallEverything(*Client::Create({.target = server_.target(), .api_key = key}));
  }
  EXPECT_THAT(server_.service().authorizations(), AllOf(SizeIs(5 * 7), Each("")));
}

TEST_F(ClientTest, RequestsBeyondTheMessageLimitAreNotSent) {
  const std::unique_ptr<Client> client = Client::Create({.target = server_.target(), .max_message_bytes = 4});
  EXPECT_EQ(client->Embed(OneInput()).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(ClientTest, HealthFollowsWhatTheServerSays) {
  EXPECT_EQ(client_->CheckHealth(), absl::OkStatus());
  server_.SetServing(false);
  EXPECT_EQ(client_->CheckHealth(), absl::UnavailableError("the server answers NOT_SERVING"));
}

TEST_F(ClientTest, WaitingForAServerThatServesReturnsAtOnce) {
  EXPECT_EQ(client_->WaitUntilServing(absl::Minutes(1)), absl::OkStatus());
}

TEST_F(ClientTest, WaitingForAServerThatNeverServesEnds) {
  server_.SetServing(false);
  // The last answer, or none in time on a busy machine.
  EXPECT_THAT(client_->WaitUntilServing(absl::Milliseconds(10)).code(),
              AnyOf(absl::StatusCode::kUnavailable, absl::StatusCode::kDeadlineExceeded));
}

TEST(ClientWithoutServerTest, CallsAndHealthAreUnavailable) {
  const std::unique_ptr<Client> client = Client::Create({.target = UnusedTarget()});
  EXPECT_EQ(client->GetModel().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(client->CheckHealth().code(), absl::StatusCode::kUnavailable);
}

TEST(ClientWithoutServerTest, WaitingEndsAtTheDeadline) {
  const std::unique_ptr<Client> client = Client::Create({.target = UnusedTarget()});
  EXPECT_EQ(client->WaitUntilServing(absl::Milliseconds(10)).code(), absl::StatusCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace attnd::client
