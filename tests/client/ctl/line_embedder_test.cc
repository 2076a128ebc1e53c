#include "client/ctl/line_embedder.h"

#include <atomic>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/tensor.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "tests/client/fake_server.h"

namespace attnd::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kModel = "0123456789ab-1";

// A vector of one number, the text's length, and as many tokens.
v1::EmbedStreamResponse VectorOf(const v1::EmbedStreamRequest& item, const std::string& model = kModel) {
  v1::EmbedStreamResponse answer;
  answer.set_id(item.id());
  answer.set_model_version(model);
  const auto length = static_cast<float>(item.input().text().size());
  *answer.mutable_result()->mutable_embedding() = EncodeTensor({length}, {1}).value();
  answer.mutable_result()->set_token_count(static_cast<uint32_t>(item.input().text().size()));
  return answer;
}

v1::EmbedStreamResponse StatusFor(const v1::EmbedStreamRequest& item, grpc::StatusCode code, const std::string& text) {
  v1::EmbedStreamResponse answer;
  answer.set_id(item.id());
  answer.mutable_status()->set_code(code);
  answer.mutable_status()->set_message(text);
  return answer;
}

v1::EmbedStreamResponse NoRoomFor(const v1::EmbedStreamRequest& item) {
  v1::EmbedStreamResponse answer = StatusFor(item, grpc::StatusCode::RESOURCE_EXHAUSTED, "the queue is full");
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_nanos(1);
  answer.mutable_status()->add_details()->PackFrom(info);
  return answer;
}

class LineEmbedderTest : public testing::Test {
 protected:
  LineEmbedderTest() : client_(Client::Create({.target = server_.target()})) {}

  void AnswerWith(FakeService::AnswerItem answer) { server_.service().AnswerItemsWith(std::move(answer)); }

  // Embeds the lines of `text` and keeps their vectors.
  absl::StatusOr<EmbedLinesTotals> Embed(const std::string& text) {
    const std::string path = testing::TempDir() + "line_embedder_lines.txt";
    std::ofstream(path, std::ios::binary) << text;
    const auto lines = TextLines::Read(path, /*is_bytes=*/false);
    EXPECT_TRUE(lines.ok()) << lines.status();
    return EmbedLines(
        *client_, *lines, options_,
        [this](size_t line, const v1::EmbedResult& result) {
          EXPECT_TRUE(vectors_.emplace(line, DecodeFloats(result.embedding().data()).at(0)).second) << line;
          return take_status_;
        },
        [this](double fraction) {
          EXPECT_TRUE(fraction >= 0 && fraction <= 1) << fraction;
          return watch_status_;
        });
  }

  void ExpectError(absl::StatusCode code, const std::string& message) {
    const absl::Status status = Embed("a\nbb\nccc\n").status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_THAT(status.message(), HasSubstr(message));
  }

  FakeServer server_;
  std::unique_ptr<Client> client_;
  EmbedLinesOptions options_;
  std::map<size_t, float> vectors_;
  absl::Status take_status_;
  absl::Status watch_status_;
};

TEST_F(LineEmbedderTest, EveryLineIsTakenOnce) {
  AnswerWith([](const auto& item) { return VectorOf(item); });
  std::string text;
  for (int i = 0; i < 1000; ++i) absl::StrAppend(&text, std::string(static_cast<size_t>(i % 7 + 1), 'x'), "\n");
  const auto totals = Embed(text);
  ASSERT_TRUE(totals.ok()) << totals.status();
  ASSERT_EQ(vectors_.size(), 1000U);
  for (const auto& [line, number] : vectors_) EXPECT_EQ(number, static_cast<float>(line % 7 + 1));
  EXPECT_EQ(totals->token_count, 3997);
  EXPECT_EQ(totals->refusal_count, 0);
  EXPECT_EQ(totals->model_version, kModel);
}

TEST_F(LineEmbedderTest, NoLinesNeedNoServer) {
  client_ = Client::Create({.target = UnusedTarget()});
  const auto totals = Embed("");
  ASSERT_TRUE(totals.ok()) << totals.status();
  EXPECT_EQ(totals->token_count, 0);
}

TEST_F(LineEmbedderTest, WhatTheOptionsAskForIsAskedForEveryLine) {
  options_.request.set_pooling(v1::POOLING_MEAN);
  options_.request.set_normalize(false);
  options_.request.set_dimensions(3);
  options_.request.set_truncate(true);
  std::atomic<int> matching = 0;
  AnswerWith([&](const v1::EmbedStreamRequest& item) {
    const bool matches = item.pooling() == v1::POOLING_MEAN && item.has_normalize() && !item.normalize() &&
                         item.dimensions() == 3 && item.truncate();
    matching += matches ? 1 : 0;
    auto answer = VectorOf(item);
    answer.mutable_result()->set_truncated_from(2000);
    return answer;
  });
  const auto totals = Embed("a\nb");
  ASSERT_TRUE(totals.ok()) << totals.status();
  EXPECT_EQ(matching, 2);
  EXPECT_EQ(totals->truncated_count, 2);
}

TEST_F(LineEmbedderTest, ALineThatTheServerHasNoRoomForIsSentAgain) {
  std::map<uint64_t, int> seen;
  AnswerWith([&seen](const v1::EmbedStreamRequest& item) {
    return ++seen[item.id()] <= 2 ? NoRoomFor(item) : VectorOf(item);
  });
  std::string text;
  for (int i = 0; i < 100; ++i) text += "x\n";
  const auto totals = Embed(text);
  ASSERT_TRUE(totals.ok()) << totals.status();
  EXPECT_EQ(vectors_.size(), 100U);
  EXPECT_EQ(totals->refusal_count, 200);
  EXPECT_EQ(totals->token_count, 100);
}

TEST_F(LineEmbedderTest, ALineRefusedWhenAllHaveBeenSentIsSentAgain) {
  int seen = 0;
  AnswerWith([&seen](const v1::EmbedStreamRequest& item) { return ++seen == 1 ? NoRoomFor(item) : VectorOf(item); });
  const auto totals = Embed("x\n");
  ASSERT_TRUE(totals.ok()) << totals.status();
  EXPECT_EQ(vectors_.size(), 1U);
  EXPECT_EQ(totals->refusal_count, 1);
}

TEST_F(LineEmbedderTest, NoMoreLinesAreInFlightThanTheServerHolds) {
  options_.limits.set_max_stream_items(2);
  options_.patience = absl::Milliseconds(200);
  std::atomic<int> seen = 0;
  AnswerWith([&seen](const auto&) {
    ++seen;
    return std::nullopt;
  });
  ExpectError(absl::StatusCode::kDeadlineExceeded, "the server has answered no line for 200ms");
  EXPECT_EQ(seen, 2);
}

TEST_F(LineEmbedderTest, ALineThatFailsIsNamedAndEndsIt) {
  AnswerWith([](const v1::EmbedStreamRequest& item) {
    return item.id() == 1 ? StatusFor(item, grpc::StatusCode::INVALID_ARGUMENT, "too long") : VectorOf(item);
  });
  ExpectError(absl::StatusCode::kInvalidArgument, "line 2 of ");
  vectors_.clear();
  ExpectError(absl::StatusCode::kInvalidArgument, "line_embedder_lines.txt: too long");
}

TEST_F(LineEmbedderTest, NoRoomThatNoTimeWillMakeIsAFailure) {
  AnswerWith([](const auto& item) { return StatusFor(item, grpc::StatusCode::RESOURCE_EXHAUSTED, "out of memory"); });
  ExpectError(absl::StatusCode::kResourceExhausted, ": out of memory");
}

TEST_F(LineEmbedderTest, LinesThatCannotBeAreNamedBeforeAnyIsSent) {
  client_ = Client::Create({.target = UnusedTarget()});
  const absl::Status empty = Embed("a\n\nb\n").status();
  EXPECT_TRUE(absl::IsInvalidArgument(empty)) << empty;
  EXPECT_THAT(empty.message(), HasSubstr("line 2 of "));
  EXPECT_THAT(empty.message(), HasSubstr(" is empty"));
  options_.limits.set_max_request_text_bytes(2);
  const absl::Status long_line = Embed("a\nbb\nccc\n").status();
  EXPECT_TRUE(absl::IsInvalidArgument(long_line)) << long_line;
  EXPECT_THAT(long_line.message(), HasSubstr("has 3 bytes, must have at most 2 (max_request_text_bytes)"));
}

TEST_F(LineEmbedderTest, VectorsOfTwoModelsDoNotGoTogether) {
  AnswerWith([](const v1::EmbedStreamRequest& item) { return VectorOf(item, item.id() == 2 ? "another" : kModel); });
  ExpectError(absl::StatusCode::kAborted, "has replaced its model 0123456789ab-1 by another");
}

TEST_F(LineEmbedderTest, WhoeverTakesOrWatchesMayEndIt) {
  AnswerWith([](const auto& item) { return VectorOf(item); });
  take_status_ = absl::ResourceExhaustedError("the disk is full");
  ExpectError(absl::StatusCode::kResourceExhausted, "the disk is full");
  AnswerWith([](const auto&) { return std::nullopt; });
  watch_status_ = absl::CancelledError("interrupted");
  ExpectError(absl::StatusCode::kCancelled, "interrupted");
}

TEST_F(LineEmbedderTest, AnswersThatMakeNoSenseAreErrors) {
  AnswerWith([](const v1::EmbedStreamRequest& item) {
    auto answer = VectorOf(item);
    answer.set_id(uint64_t{1} << 63);
    return answer;
  });
  ExpectError(absl::StatusCode::kInternal, "answered an item 9223372036854775808 that it was not sent");
  AnswerWith([](const v1::EmbedStreamRequest& item) {
    auto answer = VectorOf(item);
    answer.set_id(0);
    return answer;
  });
  vectors_.clear();
  ExpectError(absl::StatusCode::kInternal, "answered an item 0 that it was not sent");
  AnswerWith([](const v1::EmbedStreamRequest& item) {
    v1::EmbedStreamResponse answer;
    answer.set_id(item.id());
    return answer;
  });
  ExpectError(absl::StatusCode::kInternal, "with no vector");
  AnswerWith([](const auto& item) { return StatusFor(item, grpc::StatusCode::OK, "fine"); });
  ExpectError(absl::StatusCode::kInternal, ": fine");
}

TEST_F(LineEmbedderTest, HowTheStreamEndsIsToldWhereLinesAreLeft) {
  client_ = Client::Create({.target = UnusedTarget()});
  ExpectError(absl::StatusCode::kUnavailable, "");
}

TEST(TextLinesTest, LinesAreCountedFromOneAndNamedByTheirFile) {
  const std::string path = testing::TempDir() + "text_lines.txt";
  std::ofstream(path, std::ios::binary) << "a\n\nlast";
  auto lines = TextLines::Read(path, /*is_bytes=*/false);
  ASSERT_TRUE(lines.ok()) << lines.status();
  const TextLines moved = *std::move(lines);
  EXPECT_THAT((std::vector<std::string>{std::string(moved[0]), std::string(moved[1]), std::string(moved[2])}),
              ElementsAre("a", "", "last"));
  EXPECT_EQ(moved.size(), 3U);
  EXPECT_EQ(moved.Name(2), "line 3 of " + path);
}

}  // namespace
}  // namespace attnd::client
