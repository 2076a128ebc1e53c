#include "client/tensor.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace attnd::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

v1::Tensor Float32Tensor(std::vector<int64_t> shape, std::string data) {
  v1::Tensor tensor;
  tensor.set_data_type(v1::DATA_TYPE_FLOAT32);
  tensor.mutable_shape()->Add(shape.begin(), shape.end());
  tensor.set_data(std::move(data));
  return tensor;
}

TEST(TensorTest, EncodesLittleEndian) {
  absl::StatusOr<v1::Tensor> tensor = EncodeTensor({1.0F, -2.0F}, {2, 1});
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(tensor->data_type(), v1::DATA_TYPE_FLOAT32);
  EXPECT_THAT(tensor->shape(), ElementsAre(2, 1));
  EXPECT_EQ(tensor->data(), std::string("\0\0\x80\x3f\0\0\0\xc0", 8));
}

TEST(TensorTest, DecodingReturnsTheSameBits) {
  const std::vector<float> values = {0.1F, -0.0F, std::numeric_limits<float>::denorm_min(), 3.4e38F};
  absl::StatusOr<std::vector<float>> decoded = DecodeTensor(EncodeTensor(values, {4}).value());
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, values);
  EXPECT_TRUE(std::signbit((*decoded)[1]));
}

TEST(TensorTest, DecodesShortFloats) {
  v1::Tensor tensor = Float32Tensor({3}, std::string("\x80\x3f\x00\xc0\x00\x00", 6));
  tensor.set_data_type(v1::DATA_TYPE_BFLOAT16);
  EXPECT_THAT(DecodeTensor(tensor).value(), ElementsAre(1, -2, 0));
  tensor.set_data(std::string("\x00\x3c\x00\xc0\x01\x00", 6));
  tensor.set_data_type(v1::DATA_TYPE_FLOAT16);
  EXPECT_THAT(DecodeTensor(tensor).value(), ElementsAre(1, -2, 0x1p-24F));
  tensor.add_shape(2);
  EXPECT_THAT(DecodeTensor(tensor).status().message(), HasSubstr("shape [3, 2] with 6 bytes"));
}

TEST(TensorTest, RefusesToEncodeAShapeOfAnotherSize) {
  const absl::Status status = EncodeTensor({1.0F, 2.0F, 3.0F}, {2, 2}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("3 values do not make shape [2, 2]"));
  EXPECT_FALSE(EncodeTensor({}, {0}).ok());
}

TEST(TensorTest, RefusesToDecodeAnUnspecifiedType) {
  v1::Tensor tensor = Float32Tensor({1}, std::string(4, '\0'));
  tensor.set_data_type(v1::DATA_TYPE_UNSPECIFIED);
  EXPECT_THAT(DecodeTensor(tensor).status().message(), HasSubstr("DATA_TYPE_UNSPECIFIED"));
}

TEST(TensorTest, RefusesToDecodeDataOfAnotherLength) {
  EXPECT_THAT(DecodeTensor(Float32Tensor({2}, std::string(7, '\0'))).status().message(),
              HasSubstr("shape [2] with 7 bytes"));
}

TEST(TensorTest, RefusesToDecodeNegativeAndOverflowingShapes) {
  EXPECT_FALSE(DecodeTensor(Float32Tensor({-1, -1}, std::string(4, '\0'))).ok());
  EXPECT_FALSE(DecodeTensor(Float32Tensor({int64_t{1} << 62, 4}, "")).ok());
}

}  // namespace
}  // namespace attnd::client
