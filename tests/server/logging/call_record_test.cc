#include "server/logging/call_record.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace attnd {
namespace {

using testing::HasSubstr;
using testing::Not;

CallRecord Sample() {
  return {.request_id = "order-17",
          .trace_id = "0af7651916cd43dd8448eb211c80319c",
          .method = "EmbedStream",
          .peer = "ipv4:192.0.2.1",
          .key_id = "indexer",
          .item_id = 18446744073709551615U,
          .stage = Stage::kCompute,
          .status = absl::InvalidArgumentError("layer = \"h\n9\u00e9\""),
          .duration = absl::Milliseconds(1500),
          .tokens = 7,
          .dropped = 3};
}

TEST(CallRecordTest, TextIsOneLineOfNamedValues) {
  EXPECT_EQ(FormatText(Sample()),
            "call failed: request_id=order-17 method=EmbedStream item_id=18446744073709551615 stage=compute "
            "code=INVALID_ARGUMENT duration_seconds=1.5 tokens=7 peer=ipv4:192.0.2.1 key_id=indexer "
            "trace_id=0af7651916cd43dd8448eb211c80319c dropped=3 message=\"layer = \\\"h\\n9\u00e9\\\"\"");
}

TEST(CallRecordTest, JsonHasTheSameFields) {
  const std::string line = FormatJson(Sample(), absl::UnixEpoch(), "INFO");
  EXPECT_THAT(line, Not(HasSubstr("\n")));
  EXPECT_EQ(nlohmann::json::parse(line), nlohmann::json({{"time", "1970-01-01T00:00:00+00:00"},
                                                         {"severity", "INFO"},
                                                         {"event", "call_failed"},
                                                         {"request_id", "order-17"},
                                                         {"method", "EmbedStream"},
                                                         {"item_id", 18446744073709551615U},
                                                         {"stage", "compute"},
                                                         {"code", "INVALID_ARGUMENT"},
                                                         {"duration_seconds", 1.5},
                                                         {"tokens", 7},
                                                         {"peer", "ipv4:192.0.2.1"},
                                                         {"key_id", "indexer"},
                                                         {"trace_id", "0af7651916cd43dd8448eb211c80319c"},
                                                         {"dropped", 3},
                                                         {"message", "layer = \"h\n9\u00e9\""}}));
}

TEST(CallRecordTest, WhatIsNotKnownIsLeftOut) {
  const CallRecord record = {.request_id = "1", .method = "Embed", .status = absl::InternalError("x")};
  EXPECT_THAT(FormatText(record), Not(HasSubstr("trace_id")));
  EXPECT_THAT(FormatText(record), Not(HasSubstr("key_id")));
  const auto json = nlohmann::json::parse(FormatJson(record, absl::UnixEpoch(), "ERROR"));
  for (const char* field : {"key_id", "trace_id", "item_id", "dropped"}) EXPECT_FALSE(json.contains(field)) << field;
}

TEST(CallRecordTest, AMessageThatIsNotUtf8IsStillJson) {
  CallRecord record = Sample();
  record.status = absl::InternalError(
      "a\xff"
      "b");
  EXPECT_EQ(nlohmann::json::parse(FormatJson(record, absl::UnixEpoch(), "INFO"))["message"], "a\ufffdb");
}

}  // namespace
}  // namespace attnd
