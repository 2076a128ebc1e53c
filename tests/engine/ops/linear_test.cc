#include "engine/ops/linear.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <memory>
#include <numbers>
#include <utility>
#include <vector>

#include "engine/ops/cpu.h"
#include "engine/tensor/arena.h"
#include "gtest/gtest.h"
#include "tests/engine/ops/random_floats.h"

namespace attnd {
namespace {

double GeluTanh(double x) {
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
}

double GeluErf(double x) { return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2)); }

// A kernel with its packed weights and all its inputs.
class LinearTest : public testing::Test {
 protected:
  void Make(const LinearShape& shape, WeightOrder order = WeightOrder::kInOut) {
    shape_ = shape;
    order_ = order;
    weights_ = RandomFloats(shape.in * shape.out, 1, 0.3F);
    bias_ = shape.has_bias ? RandomFloats(shape.out, 2) : std::vector<float>();
    auto kernel = LinearKernel::Create(shape);
    ASSERT_TRUE(kernel.ok()) << kernel.status();
    kernel_ = *std::move(kernel);
    auto packed = kernel_->Pack(weights_.data(), order, bias_, arena_);
    ASSERT_TRUE(packed.ok()) << packed.status();
    packed_ = *packed;
  }

  // y for the first `rows` of x; `y` is what the output held before.
  std::vector<float> Run(int64_t rows, const std::vector<float>& x, float y) {
    Arena arena;
    auto padded_x = *arena.AllocateFloats(kernel_->RoundUpRows(rows) * shape_.in);
    auto padded_y = *arena.AllocateFloats(kernel_->RoundUpRows(rows) * shape_.out);
    auto scratchpad = *arena.AllocateFloats(kernel_->scratchpad_floats());
    std::copy_n(x.begin(), rows * shape_.in, padded_x.begin());
    std::fill(padded_y.begin(), padded_y.end(), y);
    kernel_->Run(rows, padded_x.data(), packed_, padded_y.data(), scratchpad.data());
    return {padded_y.begin(), padded_y.begin() + rows * shape_.out};
  }

  std::vector<double> Reference(int64_t rows, const std::vector<float>& x, float y) const {
    std::vector<double> result;
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t column = 0; column < shape_.out; ++column) {
        double sum = bias_.empty() ? 0 : static_cast<double>(bias_[static_cast<size_t>(column)]);
        for (int64_t k = 0; k < shape_.in; ++k) {
          const int64_t index = order_ == WeightOrder::kInOut ? k * shape_.out + column : column * shape_.in + k;
          sum += static_cast<double>(x[static_cast<size_t>(row * shape_.in + k)]) *
                 static_cast<double>(weights_[static_cast<size_t>(index)]);
        }
        result.push_back(Finish(sum, static_cast<double>(y)));
      }
    }
    return result;
  }

  ComputeThreadScope compute_thread_;
  LinearShape shape_;
  Arena arena_;
  std::unique_ptr<LinearKernel> kernel_;
  PackedLinear packed_;

 private:
  double Finish(double sum, double y) const {
    switch (shape_.epilogue) {
      case Epilogue::kGeluTanh:
        return GeluTanh(sum);
      case Epilogue::kGeluErf:
        return GeluErf(sum);
      case Epilogue::kAddToOutput:
        return sum + y;
      case Epilogue::kStore:
        break;
    }
    return sum;
  }

  WeightOrder order_ = WeightOrder::kInOut;
  std::vector<float> weights_;
  std::vector<float> bias_;
};

TEST_F(LinearTest, EveryEpilogueEqualsDoubleReferenceOverOddSizes) {
  for (const Epilogue epilogue : {Epilogue::kStore, Epilogue::kGeluTanh, Epilogue::kGeluErf, Epilogue::kAddToOutput}) {
    for (const auto& [in, out] : {std::pair<int64_t, int64_t>{1, 1}, {3, 5}, {17, 64}, {100, 33}, {768, 129}}) {
      Make({.in = in, .out = out, .epilogue = epilogue});
      for (const int64_t rows : {int64_t{1}, int64_t{3}, int64_t{33}, kernel_->max_rows()}) {
        const auto x = RandomFloats(rows * in, 3);
        EXPECT_LT(RelativeError(Run(rows, x, 0.5F).data(), Reference(rows, x, 0.5F)), 3e-6)
            << "rows " << rows << ", in " << in << ", out " << out << ", epilogue " << static_cast<int>(epilogue);
      }
    }
  }
}

TEST_F(LinearTest, WeightsKeptOutByInGiveTheSameProduct) {
  Make({.in = 70, .out = 131, .has_bias = false}, WeightOrder::kOutIn);
  const auto x = RandomFloats(9 * 70, 3);
  EXPECT_LT(RelativeError(Run(9, x, 0).data(), Reference(9, x, 0)), 3e-6);
}

// Batch invariance rests on this: the bytes of a row are the same whatever its company, and wherever it stands.
TEST_F(LinearTest, ARowDoesNotDependOnTheOthers) {
  for (const auto& [in, out] :
       {std::pair<int64_t, int64_t>{5, 3}, {64, 192}, {100, 33}, {768, 2304}, {768, 81}, {3072, 768}}) {
    Make({.in = in, .out = out, .epilogue = Epilogue::kGeluTanh});
    const int64_t max_rows = kernel_->max_rows();
    const auto x = RandomFloats(max_rows * in, 3);
    const std::vector<float> all = Run(max_rows, x, 0);
    for (int64_t rows = 1; rows <= max_rows; rows += 1 + rows / 3) {
      const std::vector<float> first = Run(rows, x, 0);
      EXPECT_TRUE(std::equal(first.begin(), first.end(), all.begin()))
          << "first " << rows << " rows, in " << in << ", out " << out;
      const std::vector<float> last = Run(rows, {x.end() - rows * in, x.end()}, 0);
      EXPECT_TRUE(std::equal(last.begin(), last.end(), all.end() - rows * out))
          << "last " << rows << " rows, in " << in << ", out " << out;
    }
  }
}

TEST_F(LinearTest, LayersOfOneModelAgreeOnManyRowCounts) {
  std::vector<int64_t> common;
  for (const auto& [in, out] : {std::pair<int64_t, int64_t>{768, 2304}, {768, 768}, {768, 3072}, {3072, 768}}) {
    Make({.in = in, .out = out});
    std::vector<int64_t> both;
    const std::vector<int64_t>& counts = kernel_->row_counts();
    std::set_intersection(counts.begin(), counts.end(), common.begin(), common.end(), std::back_inserter(both));
    common = common.empty() ? counts : both;
  }
  EXPECT_GE(common.size(), 4U);
  EXPECT_GE(common.back(), 96);
  EXPECT_LE(common.front(), 6);
}

}  // namespace
}  // namespace attnd
