#include "engine/files/json.h"

#include <cstddef>
#include <ctime>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd {
namespace {

using testing::HasSubstr;

// {"list": [1, 1, ...]}
std::string ObjectWithList(int count) {
  std::string text = "{\"list\": [1";
  for (int i = 1; i < count; ++i) text += ", 1";
  return text + "]}";
}

// {"0": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}, ...}
std::string HeaderOf(int count) {
  std::string text = "{";
  for (int i = 0; i < count; ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", "\"", i, R"(": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]})");
  }
  return text + "}";
}

std::string Nested(size_t depth) {
  return absl::StrCat("{\"a\": ", std::string(depth - 1, '['), std::string(depth - 1, ']'), "}");
}

// CPU time of this thread so far.
absl::Duration CpuTime() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return absl::DurationFromTimespec(now);
}

void ExpectRefused(const std::string& text, const char* reason) {
  const absl::Status status = ParseJsonObject(text, "/a/file").status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(absl::StrCat("/a/file: not a JSON object: ", reason)));
}

TEST(ParseJsonObjectTest, GivesWhatTheTextHolds) {
  const auto json = ParseJsonObject(R"({"a": [1, -2, 3.5, true, null, {"b": "x"}], "b": {}})", "it");
  ASSERT_TRUE(json.ok()) << json.status();
  EXPECT_EQ(*json, nlohmann::json::parse(R"({"a": [1, -2, 3.5, true, null, {"b": "x"}], "b": {}})"));
}

TEST(ParseJsonObjectTest, ADepthOfSixteenIsTheLastThatPasses) {
  EXPECT_TRUE(ParseJsonObject(Nested(16), "it").ok());
  ExpectRefused(Nested(17), "nested deeper than 16");
}

TEST(ParseJsonObjectTest, EveryValueCountsUpToTheLimit) {
  const int limit = 1 << 17;
  EXPECT_TRUE(ParseJsonObject(ObjectWithList(limit - 2), "it").ok());
  ExpectRefused(ObjectWithList(limit - 1), "has more than 131072 values");
}

TEST(ParseJsonObjectTest, AKeyTwiceInOneObjectIsRefusedAndInTwoIsNot) {
  EXPECT_TRUE(ParseJsonObject(R"({"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]})", "it").ok());
  ExpectRefused(R"({"b": {"a": 1, "c": [{"x": 1}], "a": 2}})", "key \"a\" appears twice");
}

TEST(ParseJsonObjectTest, WhatIsNoObjectIsRefusedByItsType) {
  ExpectRefused("[1]", "it is of type array");
  ExpectRefused("3", "it is of type number");
}

TEST(ParseJsonObjectTest, AHeaderOfManyEntriesIsRefusedAtOnce) {
  const std::string text = HeaderOf(300'000);
  const absl::Duration before = CpuTime();
  ExpectRefused(text, "has more than 131072 values");
  EXPECT_LT(CpuTime() - before, absl::Seconds(2));
}

TEST(ParseJsonObjectTest, TimeGrowsInProportionToTheText) {
  const std::string text = HeaderOf(15'000);
  const absl::Duration before = CpuTime();
  EXPECT_TRUE(ParseJsonObject(text, "it").ok());
  EXPECT_LT(CpuTime() - before, absl::Seconds(2));
}

}  // namespace
}  // namespace attnd
