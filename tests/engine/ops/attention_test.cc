#include "engine/ops/attention.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include "engine/tensor/arena.h"
#include "engine/tensor/data_type.h"
#include "engine/tensor/float_conversion.h"
#include "gtest/gtest.h"
#include "tests/engine/ops/random_floats.h"

namespace attnd {
namespace {

// A sequence of one head, with gaps between its rows so that strides matter.
struct Fixture {
  Fixture(DataType type, int64_t tokens, int64_t head_length)
      : token_count(tokens),
        stride(3 * head_length + 5),
        qkv(RandomFloats(tokens * stride, 7)),
        out(static_cast<size_t>(tokens * (head_length + 3)), -99.0F) {
    head = {.type = type,
            .head_length = head_length,
            .q = qkv.data(),
            .k = qkv.data() + head_length,
            .v = qkv.data() + 2 * head_length,
            .input_stride = stride,
            .out = reinterpret_cast<std::byte*>(out.data()),
            .output_stride = head_length + 3,
            .scale = 1 / std::sqrt(static_cast<float>(head_length))};
  }

  void Run() { RunRows(0, token_count); }

  void RunRows(int64_t first_row, int64_t last_row) {
    Arena arena;
    auto scratch = arena.Allocate<float>(AttentionScratchFloats(head.type, token_count, head.head_length));
    ASSERT_TRUE(scratch.ok());
    // What an earlier head left behind must not matter.
    std::fill(scratch->begin(), scratch->end(), std::numeric_limits<float>::quiet_NaN());
    Attend(head, first_row, last_row, scratch->data());
  }

  int64_t token_count;
  int64_t stride;
  std::vector<float> qkv;
  std::vector<float> out;
  AttentionHead head;
};

std::vector<double> ReferenceRow(const AttentionHead& head, int64_t row) {
  std::vector<double> weights;
  for (int64_t j = 0; j <= row; ++j) {
    double score = 0;
    for (int64_t k = 0; k < head.head_length; ++k) {
      score += static_cast<double>(head.q[row * head.input_stride + k]) *
               static_cast<double>(head.k[j * head.input_stride + k]);
    }
    weights.push_back(score * static_cast<double>(head.scale));
  }
  const double max = *std::max_element(weights.begin(), weights.end());
  double sum = 0;
  for (double& weight : weights) sum += weight = std::exp(weight - max);
  std::vector<double> out(static_cast<size_t>(head.head_length));
  for (size_t j = 0; j < weights.size(); ++j) {
    const float* v = head.v + static_cast<int64_t>(j) * head.input_stride;
    for (size_t k = 0; k < out.size(); ++k) out[k] += weights[j] / sum * static_cast<double>(v[k]);
  }
  return out;
}

// Types that attention multiplies in on this CPU.
std::vector<DataType> Types() {
  std::vector<DataType> types = {DataType::kFloat32};
  if (AttentionType(DataType::kBfloat16) == DataType::kBfloat16) types.push_back(DataType::kBfloat16);
  return types;
}

std::string TypeName(const testing::TestParamInfo<DataType>& info) { return std::string(DataTypeName(info.param)); }

class AttentionTest : public testing::TestWithParam<DataType> {};

INSTANTIATE_TEST_SUITE_P(Types, AttentionTest, testing::ValuesIn(Types()), TypeName);

class AttentionSizeTest : public testing::TestWithParam<std::tuple<DataType, int64_t, int64_t>> {};

TEST_P(AttentionSizeTest, EqualsDoubleReferenceOnEveryRow) {
  const auto [type, token_count, head_length] = GetParam();
  Fixture fixture(type, token_count, head_length);
  fixture.Run();
  std::vector<float> actual;
  std::vector<double> expected;
  for (int64_t row = 0; row < token_count; ++row) {
    const float* out = fixture.out.data() + row * fixture.head.output_stride;
    actual.insert(actual.end(), out, out + head_length);
    const std::vector<double> reference = ReferenceRow(fixture.head, row);
    expected.insert(expected.end(), reference.begin(), reference.end());
    EXPECT_EQ(out[head_length], -99.0F) << "wrote beyond the head's channels, row " << row;
  }
  EXPECT_LT(RelativeError(actual.data(), expected), type == DataType::kFloat32 ? 1e-6 : 5e-3);
}

INSTANTIATE_TEST_SUITE_P(OddSizes, AttentionSizeTest,
                         testing::Combine(testing::ValuesIn(Types()), testing::Values(1, 2, 5, 6, 7, 16, 33, 130),
                                          testing::Values(1, 3, 16, 31, 64, 80)));

TEST_P(AttentionTest, ARowDoesNotDependOnLaterRows) {
  Fixture whole(GetParam(), 61, 20);
  whole.Run();
  for (const int64_t token_count : {1, 6, 13, 60}) {
    Fixture part(GetParam(), 61, 20);
    part.RunRows(0, token_count);
    const auto size = static_cast<size_t>(token_count * part.head.output_stride);
    EXPECT_EQ(std::vector<float>(part.out.begin(), part.out.begin() + static_cast<std::ptrdiff_t>(size)),
              std::vector<float>(whole.out.begin(), whole.out.begin() + static_cast<std::ptrdiff_t>(size)));
  }
}

TEST_P(AttentionTest, ARowDoesNotDependOnTheRangeItIsComputedIn) {
  Fixture whole(GetParam(), 131, 20);
  whole.Run();
  Fixture parts(GetParam(), 131, 20);
  parts.RunRows(96, 131);
  parts.RunRows(0, 24);
  parts.RunRows(24, 96);
  EXPECT_EQ(parts.out, whole.out);
}

TEST_P(AttentionTest, OutputInBfloat16IsThatInFloatRounded) {
  Fixture floats(GetParam(), 61, 20);
  floats.Run();
  Fixture fixture(GetParam(), 61, 20);
  std::vector<uint16_t> out(fixture.out.size(), FloatToBfloat16(-99.0F));
  fixture.head.out = reinterpret_cast<std::byte*>(out.data());
  fixture.head.output_type = DataType::kBfloat16;
  fixture.Run();
  std::vector<uint16_t> expected;
  for (const float value : floats.out) expected.push_back(FloatToBfloat16(value));
  EXPECT_EQ(out, expected);
}

TEST_P(AttentionTest, LargeScoresDoNotOverflow) {
  Fixture fixture(GetParam(), 40, 16);
  fixture.head.scale = 1000;
  fixture.Run();
  for (const float value : fixture.out) EXPECT_TRUE(std::isfinite(value));
  if (GetParam() != DataType::kFloat32) return;  // the scores' rounding decides which key wins
  for (int64_t row = 0; row < 40; ++row) {
    EXPECT_LT(RelativeError(fixture.out.data() + row * fixture.head.output_stride, ReferenceRow(fixture.head, row)),
              1e-3);
  }
}

TEST_P(AttentionTest, ScoresThatOverflowGiveNoNumber) {
  Fixture fixture(GetParam(), 30, 16);
  for (int64_t row = 0; row < 30; ++row) {
    std::fill_n(fixture.qkv.begin() + row * fixture.stride, 2 * 16, 1e20F);
  }
  fixture.Run();
  for (int64_t row = 0; row < 30; ++row) {
    for (int64_t i = 0; i < 16; ++i) {
      EXPECT_TRUE(std::isnan(fixture.out[static_cast<size_t>(row * fixture.head.output_stride + i)])) << row;
    }
  }
}

TEST(AttentionTypeTest, IsFloatBesideWeightsInFloat) {
  EXPECT_EQ(AttentionType(DataType::kFloat32), DataType::kFloat32);
  EXPECT_EQ(AttentionType(DataType::kInt8), AttentionType(DataType::kBfloat16));
}

}  // namespace
}  // namespace attnd
