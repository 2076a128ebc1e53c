#include "server/rpc/result_chunks.h"

#include <cstring>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/rpc/invalid_field.h"
#include "server/rpc/reply_encoder.h"
#include "server/rpc/reply_size.h"
#include "server/rpc/request_decoder.h"
#include "tests/server/rpc/messages.h"

namespace attnd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A model whose logits are larger than the smallest chunk: 300 of them are 1200 bytes.
ModelConfig WideModel() {
  ModelConfig config = SmallModel();
  config.vocabulary_size = 300;
  return config;
}

// All logits and hidden states of three tokens.
v1::ForwardStreamRequest Item(uint32_t max_chunk_bytes) {
  v1::ForwardStreamRequest item;
  for (const uint32_t id : {1U, 2U, 3U}) item.mutable_input()->mutable_token_ids()->add_ids(id);
  item.set_logits(v1::POSITIONS_ALL);
  item.add_hidden_states()->set_positions(v1::POSITIONS_ALL);
  item.set_max_chunk_bytes(max_chunk_bytes);
  return item;
}

std::shared_ptr<Request> Computed(const v1::ForwardStreamRequest& item) {
  auto request = RequestDecoder(WideModel(), NoTokenizer(), CallLimits()).DecodeForwardItem(item);
  EXPECT_TRUE(request.ok()) << request.status();
  SequenceOutput& output = (*request)->outputs.emplace_back();
  output.hidden.emplace_back(12, 0.5F);
  output.logits.resize(900);
  std::iota(output.logits.begin(), output.logits.end(), 0.0F);
  return *std::move(request);
}

std::vector<v1::TensorChunk> ChunksOf(Request& request) {
  ResultChunks chunks(request, WideModel());
  std::vector<v1::TensorChunk> all;
  v1::ForwardStreamResponse message;
  while (chunks.EncodeNext(message)) {
    all.push_back(message.chunk());
    message.Clear();
  }
  return all;
}

TEST(ResultChunksTest, WhatIsLargerThanAChunkComesInOrderAndWhole) {
  const auto request = Computed(Item(1026));
  const std::vector<float> logits = request->outputs[0].logits;
  std::string data;
  for (const v1::TensorChunk& chunk : ChunksOf(*request)) {
    EXPECT_TRUE(chunk.logits());
    EXPECT_EQ(chunk.data_type(), v1::DATA_TYPE_FLOAT32);
    EXPECT_THAT(chunk.shape(), ElementsAre(3, 300));
    EXPECT_EQ(chunk.offset(), data.size());
    EXPECT_LE(chunk.data().size(), 1024) << "whole elements";
    data += chunk.data();
  }
  EXPECT_EQ(data, std::string(reinterpret_cast<const char*>(logits.data()), logits.size() * sizeof(float)));
  EXPECT_TRUE(request->outputs[0].logits.empty());
  EXPECT_FALSE(request->outputs[0].hidden[0].empty()) << "small enough for the result";
}

TEST(ResultChunksTest, AShorterTypeHasFewerBytesInItsChunks) {
  v1::ForwardStreamRequest item = Item(1024);
  item.set_logits_data_type(v1::DATA_TYPE_BFLOAT16);
  const auto request = Computed(item);
  const std::vector<v1::TensorChunk> chunks = ChunksOf(*request);
  ASSERT_EQ(chunks.size(), 2);
  EXPECT_EQ(chunks[0].data().size(), 1024);
  EXPECT_EQ(chunks[1].offset(), 1024);
  EXPECT_EQ(chunks[1].data().size(), 1800 - 1024);
}

TEST(ResultChunksTest, NothingGoesAheadOfAResultThatIsSmallOrWhole) {
  for (const uint32_t max_chunk_bytes : {0U, 3600U}) EXPECT_TRUE(ChunksOf(*Computed(Item(max_chunk_bytes))).empty());
}

TEST(ResultChunksTest, TheLastMessageIsWithinTheLimitOfReplies) {
  const auto decode = [](const v1::ForwardStreamRequest& item, const CallLimits& limits) {
    return RequestDecoder(WideModel(), NoTokenizer(), limits).DecodeForwardItem(item);
  };
  const CallLimits narrow{.max_reply_bytes = 3000, .max_chunked_reply_bytes = 5000};
  EXPECT_THAT(decode(Item(0), narrow).status().message(), HasSubstr("must have at most 3000 (max_reply_bytes)"));
  const auto request = decode(Item(1024), narrow);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_GE((*request)->reply_bytes, 3600 + 1024);
  EXPECT_LE(LastMessageBytes(**request, WideModel()), 3000);
  EXPECT_THAT(decode(Item(1024), {.max_reply_bytes = 3000, .max_chunked_reply_bytes = 3600}).status().message(),
              HasSubstr("must have at most 3600 (max_chunked_reply_bytes)"));
}

TEST(ResultChunksTest, ChunksAreNeitherTooSmallNorTooLargeForAMessage) {
  const RequestDecoder decoder(WideModel(), NoTokenizer(), {.max_reply_bytes = 10000});
  for (const uint32_t max_chunk_bytes : {1U, 1023U, 5001U, UINT32_MAX}) {
    const absl::Status status = decoder.DecodeForwardItem(Item(max_chunk_bytes)).status();
    EXPECT_EQ(FieldOf(status), "max_chunk_bytes");
    EXPECT_THAT(status.message(), HasSubstr("must be 0 or in [1024, 5000], half of max_reply_bytes"));
  }
  for (const uint32_t max_chunk_bytes : {1024U, 5000U}) {
    EXPECT_TRUE(decoder.DecodeForwardItem(Item(max_chunk_bytes)).ok());
  }
}

}  // namespace
}  // namespace attnd
