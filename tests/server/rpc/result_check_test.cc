#include "server/rpc/result_check.h"

#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd {
namespace {

using testing::HasSubstr;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Two inputs, the second with `output`.
absl::Status Check(const SequenceInput& input, const SequenceOutput& output) {
  Request request;
  request.inputs = {{.token_ids = {1}, .token_count = 1}, input};
  request.outputs = {{.embedding = {1, 2}}, output};
  return CheckResult(request);
}

const SequenceInput kIds = {.token_ids = {1, 2}, .token_count = 2};
const SequenceInput kHidden = {.hidden = {3e38F, 3e38F}, .token_count = 1};

TEST(ResultCheckTest, FiniteNumbersPass) {
  EXPECT_EQ(Check(kIds, {.hidden = {{1, -3.4e38F}, {0}}, .logits = {1e-45F}, .embedding = {-0.0F}}), absl::OkStatus());
}

TEST(ResultCheckTest, ANumberThatIsNotFiniteIsTheServersFault) {
  std::vector<float> many(1000, 1.0F);
  many[777] = -kInfinity;
  for (const SequenceOutput& output :
       {SequenceOutput{.embedding = {1, kNan}}, SequenceOutput{.logits = many},
        SequenceOutput{.token_log_probabilities = {kNan}}, SequenceOutput{.top = {.log_probabilities = {kNan}}},
        SequenceOutput{.hidden = {{1}, {2, kInfinity}}}}) {
    const absl::Status status = Check(kIds, output);
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_THAT(status.message(), HasSubstr("input 1 of 2"));
  }
}

TEST(ResultCheckTest, WhatHiddenStatesOfTheCallerGiveIsTheCallers) {
  EXPECT_EQ(Check(kHidden, {.embedding = {kNan}}), absl::OkStatus());
}

}  // namespace
}  // namespace attnd
