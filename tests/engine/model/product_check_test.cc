#include "engine/model/product_check.h"

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "engine/ops/cpu.h"
#include "engine/ops/linear.h"
#include "engine/tensor/arena.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/ops/random_floats.h"

namespace attnd {
namespace {

using testing::HasSubstr;

constexpr LinearShape kShape = {
    .in = 100, .out = 333, .in_stride = 128, .out_stride = 350, .epilogue = Epilogue::kGeluTanh};

class ProductCheckTest : public testing::TestWithParam<DataType> {};

TEST_P(ProductCheckTest, FindsGoodWeightsGoodAndSpoiltOnesBad) {
  const ComputeThreadScope compute_thread;
  const auto weights = RandomFloats(kShape.in * kShape.out, 1);
  const auto bias = RandomFloats(kShape.out, 2);
  const PlainLinear plain{weights.data(), WeightOrder::kInOut, bias};
  const auto kernel = LinearKernel::Create(kShape, GetParam());
  Arena arena;
  auto packed = kernel->Pack(weights.data(), WeightOrder::kInOut, bias, arena);
  ASSERT_TRUE(packed.ok());
  EXPECT_TRUE(CheckProduct(*kernel, *packed, plain, "h.0.mlp.c_fc").ok());

  auto others = RandomFloats(kShape.in * kShape.out, 3);
  const auto wrong = kernel->Pack(others.data(), WeightOrder::kInOut, bias, arena);
  ASSERT_TRUE(wrong.ok());
  const absl::Status status = CheckProduct(*kernel, *wrong, plain, "h.0.mlp.c_fc");
  EXPECT_TRUE(absl::IsInternal(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("h.0.mlp.c_fc: column"));
}

INSTANTIATE_TEST_SUITE_P(DataTypes, ProductCheckTest,
                         testing::Values(DataType::kFloat32, DataType::kBfloat16, DataType::kInt8));

}  // namespace
}  // namespace attnd
