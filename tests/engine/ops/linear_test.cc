#include "engine/ops/linear.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numbers>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "engine/ops/cpu.h"
#include "engine/ops/onednn_linear.h"
#include "engine/ops/panel_linear.h"
#include "engine/ops/panel_packing.h"
#include "engine/tensor/arena.h"
#include "engine/tensor/data_type.h"
#include "engine/tensor/float_conversion.h"
#include "gtest/gtest.h"
#include "tests/engine/ops/random_floats.h"

namespace attnd {
namespace {

double GeluTanh(double x) {
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
}

double GeluErf(double x) { return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2)); }

// A way to compute linear layers, and how far from the exact product it may be.
struct Implementation {
  const char* name;
  std::unique_ptr<LinearKernel> (*create)(const LinearShape&);
  double tolerance;
  bool needs_bfloat16_products = false;
};

void PrintTo(const Implementation& implementation, std::ostream* out) { *out << implementation.name; }

template <DataType kType>
std::unique_ptr<LinearKernel> CreatePanels(const LinearShape& shape) {
  return std::make_unique<PanelLinear>(shape, kType);
}

std::unique_ptr<LinearKernel> CreateOneDnn(const LinearShape& shape) {
  auto kernel = OneDnnLinear::Create(shape);
  EXPECT_TRUE(kernel.ok()) << kernel.status();
  return *std::move(kernel);
}

const Implementation kImplementations[] = {
    {"PanelsFloat32", CreatePanels<DataType::kFloat32>, 3e-6},
    {"PanelsBfloat16", CreatePanels<DataType::kBfloat16>, 6e-3},
    {"PanelsInt8", CreatePanels<DataType::kInt8>, 2e-2},
    {"OneDnnBfloat16", CreateOneDnn, 6e-3, /*needs_bfloat16_products=*/true},
};

// A kernel with its packed weights and all its inputs.
class LinearTest : public testing::TestWithParam<Implementation> {
 protected:
  void SetUp() override {
    if (GetParam().needs_bfloat16_products && !MultipliesBfloat16()) {
      GTEST_SKIP() << "oneDNN has no fast bfloat16 product for this CPU";
    }
  }

  void Make(LinearShape shape, WeightOrder order = WeightOrder::kInOut) {
    shape.in_stride = shape.in + 5;
    shape.out_stride = shape.out + 3;
    order_ = order;
    weights_ = RandomFloats(shape.in * shape.out, 1, 0.3F);
    bias_ = shape.has_bias ? RandomFloats(shape.out, 2) : std::vector<float>();
    kernel_ = GetParam().create(shape);
    auto packed = kernel_->Pack(weights_.data(), order, bias_, arena_);
    ASSERT_TRUE(packed.ok()) << packed.status();
    packed_ = *packed;
  }

  // y [rows, columns] from column `first_column` on, for the first `rows` of x [rows, in]; `y` is what it held before.
  std::vector<float> RunTile(int64_t rows, int64_t first_column, int64_t columns, const std::vector<float>& x,
                             float y) {
    const LinearShape& shape = kernel_->shape();
    const int64_t touched = kernel_->RowsTouched(rows);
    Arena arena;
    auto padded_x = *arena.Allocate<float>(touched * shape.in_stride);
    auto converted = *arena.Allocate<std::byte>(touched * kernel_->converted_row_bytes());
    auto padded_y = *arena.Allocate<std::byte>((touched + 1) * shape.out_row_bytes());
    auto scratchpad = *arena.Allocate<std::byte>(kernel_->scratchpad_bytes());
    for (int64_t row = 0; row < rows; ++row) {
      std::copy_n(x.begin() + row * shape.in, shape.in, padded_x.begin() + row * shape.in_stride);
    }
    const auto* input = reinterpret_cast<const std::byte*>(padded_x.data());
    if (!converted.empty()) {
      kernel_->ConvertRows(rows, padded_x.data(), converted.data());
      input = converted.data();
    }
    for (int64_t i = 0; i < touched * shape.out_stride; ++i) WriteOutput(padded_y.data(), i, y);
    kernel_->Run({.rows = rows, .first_column = first_column, .columns = columns, .x = input, .y = padded_y.data()},
                 packed_, scratchpad.data());
    std::vector<float> result;
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t first = row * shape.out_stride;
      for (int64_t i = first; i < first + columns; ++i) result.push_back(ReadOutput(padded_y.data(), i));
      EXPECT_EQ(ReadOutput(padded_y.data(), first + columns), y)
          << "wrote beyond column " << columns << " of row " << row;
    }
    return result;
  }

  // Element `index` of outputs in the shape's type.
  float ReadOutput(const std::byte* y, int64_t index) const {
    if (kernel_->shape().out_type == DataType::kFloat32) return reinterpret_cast<const float*>(y)[index];
    return Bfloat16ToFloat(reinterpret_cast<const uint16_t*>(y)[index]);
  }
  void WriteOutput(std::byte* y, int64_t index, float value) const {
    if (kernel_->shape().out_type == DataType::kFloat32) {
      reinterpret_cast<float*>(y)[index] = value;
    } else {
      reinterpret_cast<uint16_t*>(y)[index] = FloatToBfloat16(value);
    }
  }

  std::vector<float> Run(int64_t rows, const std::vector<float>& x, float y) {
    return RunTile(rows, 0, kernel_->shape().out, x, y);
  }

  std::vector<double> Reference(int64_t rows, const std::vector<float>& x, float y) const {
    const LinearShape& shape = kernel_->shape();
    std::vector<double> result;
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t column = 0; column < shape.out; ++column) {
        double sum = bias_.empty() ? 0 : static_cast<double>(bias_[static_cast<size_t>(column)]);
        for (int64_t k = 0; k < shape.in; ++k) {
          const int64_t index = order_ == WeightOrder::kInOut ? k * shape.out + column : column * shape.in + k;
          sum += static_cast<double>(x[static_cast<size_t>(row * shape.in + k)]) *
                 static_cast<double>(weights_[static_cast<size_t>(index)]);
        }
        result.push_back(Finish(sum, static_cast<double>(y)));
      }
    }
    return result;
  }

  ComputeThreadScope compute_thread_;
  Arena arena_;
  std::unique_ptr<LinearKernel> kernel_;
  PackedLinear packed_;

 private:
  double Finish(double sum, double y) const {
    switch (kernel_->shape().epilogue) {
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

TEST_P(LinearTest, EveryEpilogueEqualsDoubleReferenceOverOddSizes) {
  for (const Epilogue epilogue : {Epilogue::kStore, Epilogue::kGeluTanh, Epilogue::kGeluErf, Epilogue::kAddToOutput}) {
    for (const auto& [in, out] : {std::pair<int64_t, int64_t>{1, 1}, {3, 5}, {17, 64}, {100, 33}, {768, 209}}) {
      Make({.in = in, .out = out, .epilogue = epilogue});
      const int64_t most = kernel_->TileRows(1000);
      for (const int64_t rows : {int64_t{1}, std::min<int64_t>(3, most), std::min<int64_t>(33, most), most}) {
        const auto x = RandomFloats(rows * in, 3);
        EXPECT_LT(RelativeError(Run(rows, x, 0.5F).data(), Reference(rows, x, 0.5F)), GetParam().tolerance)
            << "rows " << rows << ", in " << in << ", out " << out << ", epilogue " << static_cast<int>(epilogue);
      }
    }
  }
}

TEST_P(LinearTest, WeightsKeptOutByInGiveTheSameProduct) {
  Make({.in = 70, .out = 131, .has_bias = false}, WeightOrder::kOutIn);
  const auto x = RandomFloats(9 * 70, 3);
  EXPECT_LT(RelativeError(Run(9, x, 0).data(), Reference(9, x, 0)), GetParam().tolerance);
}

TEST_P(LinearTest, ATileEqualsItsPartOfTheWholeProduct) {
  Make({.in = 64, .out = 500, .epilogue = Epilogue::kAddToOutput});
  const auto x = RandomFloats(7 * 64, 3);
  const std::vector<float> whole = Run(7, x, 0.25F);
  const int64_t step = kernel_->column_step();
  for (const int64_t first : {int64_t{0}, step, 500 / step * step}) {
    const int64_t columns = std::min(step, 500 - first);
    const std::vector<float> tile = RunTile(7, first, columns, x, 0.25F);
    for (int64_t row = 0; row < 7; ++row) {
      EXPECT_TRUE(std::equal(tile.begin() + row * columns, tile.begin() + (row + 1) * columns,
                             whole.begin() + row * 500 + first))
          << "row " << row << ", column " << first;
    }
  }
}

// Batch invariance rests on this: the bytes of a row are the same whatever its company, and wherever it stands.
TEST_P(LinearTest, ARowDoesNotDependOnTheOthers) {
  for (const auto& [in, out] :
       {std::pair<int64_t, int64_t>{5, 3}, {64, 192}, {100, 33}, {768, 2304}, {768, 81}, {3072, 768}}) {
    Make({.in = in, .out = out, .epilogue = Epilogue::kGeluTanh});
    const int64_t max_rows = kernel_->TileRows(1000);
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

INSTANTIATE_TEST_SUITE_P(Implementations, LinearTest, testing::ValuesIn(kImplementations),
                         [](const auto& each) { return std::string(each.param.name); });

// Implementations that read rows of bfloat16 on this CPU, and so write them.
class Bfloat16OutputTest : public LinearTest {
 protected:
  void SetUp() override {
    if (Bfloat16Depth() == 1) GTEST_SKIP() << "no bfloat16 products on this CPU";
  }
};

TEST_P(Bfloat16OutputTest, RowsAreTheFloatsRounded) {
  for (const Epilogue epilogue : {Epilogue::kStore, Epilogue::kGeluTanh, Epilogue::kGeluErf}) {
    // The last has panels that float rows are computed from in several blocks.
    for (const auto& [in, out] : {std::pair<int64_t, int64_t>{3, 5}, {768, 209}, {4000, 96}}) {
      const auto x = RandomFloats(13 * in, 3);
      Make({.in = in, .out = out, .epilogue = epilogue});
      const std::vector<float> floats = Run(13, x, 0.5F);
      Make({.in = in, .out = out, .epilogue = epilogue, .out_type = DataType::kBfloat16});
      const std::vector<float> rounded = Run(13, x, 0.5F);
      // oneDNN, and panels of several blocks, add floats up in another order.
      const bool is_exact = in < 1000 && !GetParam().needs_bfloat16_products;
      for (size_t i = 0; i < floats.size(); ++i) {
        const float expected = is_exact ? Bfloat16ToFloat(FloatToBfloat16(floats[i])) : floats[i];
        ASSERT_NEAR(rounded[i], expected, is_exact ? 0 : std::abs(expected) * 0x1p-8F + 1e-5F)
            << "element " << i << ", in " << in << ", out " << out << ", epilogue " << static_cast<int>(epilogue);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Implementations, Bfloat16OutputTest, testing::Values(kImplementations[1], kImplementations[3]),
                         [](const auto& each) { return std::string(each.param.name); });

// Products that would overflow 16 bits, were weights not kept small enough for CPUs that add pairs in them.
TEST(PanelLinearTest, TheLargestInt8ProductsDoNotOverflow) {
  const ComputeThreadScope compute_thread;
  constexpr int64_t kIn = 4096;
  const PanelLinear kernel({.in = kIn, .out = 2, .in_stride = kIn, .out_stride = 2}, DataType::kInt8);
  std::vector<float> weights(2 * kIn, 1.0F);
  for (size_t i = 1; i < weights.size(); i += 2) weights[i] = -1;
  std::vector<float> x(kIn, 1.0F);
  x[0] = 0;  // so that the others are the largest of their range
  Arena arena;
  const auto packed = kernel.Pack(weights.data(), WeightOrder::kInOut, {}, arena);
  ASSERT_TRUE(packed.ok());
  std::vector<std::byte> converted(static_cast<size_t>(kernel.converted_row_bytes()));
  kernel.ConvertRows(1, x.data(), converted.data());
  float y[2] = {};
  kernel.Run({.rows = 1, .columns = 2, .x = converted.data(), .y = reinterpret_cast<std::byte*>(y)}, *packed, nullptr);
  EXPECT_NEAR(y[0], kIn - 1, 0.01 * kIn);
  EXPECT_NEAR(y[1], -(kIn - 1), 0.01 * kIn);
}

TEST(PanelLinearTest, AColumnReadBackIsWhatWasPacked) {
  constexpr int64_t kIn = 37;
  constexpr int64_t kOut = 45;
  const auto weights = RandomFloats(kIn * kOut, 1);
  for (const auto& [type, tolerance] :
       {std::pair{DataType::kFloat32, 0.0}, {DataType::kBfloat16, 4e-3}, {DataType::kInt8, 2e-2}}) {
    const PanelLinear kernel({.in = kIn, .out = kOut, .in_stride = kIn, .out_stride = kOut}, type);
    Arena arena;
    const auto packed = kernel.Pack(weights.data(), WeightOrder::kOutIn, {}, arena);
    ASSERT_TRUE(packed.ok());
    for (int64_t column = 0; column < kOut; ++column) {
      std::vector<float> values(kIn);
      kernel.ReadColumn(*packed, column, values.data());
      const std::vector<double> expected(weights.begin() + column * kIn, weights.begin() + (column + 1) * kIn);
      EXPECT_LE(RelativeError(values.data(), expected), tolerance) << DataTypeName(type) << ", column " << column;
    }
  }
}

TEST(LinearKernelTest, NoTypeIsComputedByReferenceCode) {
  const LinearShape shape{.in = 768, .out = 2304, .in_stride = 784, .out_stride = 2320};
  for (const DataType type : {DataType::kFloat32, DataType::kBfloat16, DataType::kInt8}) {
    const auto kernel = LinearKernel::Create(shape, type);
    const std::string implementation = kernel->implementation();
    EXPECT_TRUE(implementation.starts_with("brg_matmul:") || implementation.starts_with("panels:")) << implementation;
  }
}

}  // namespace
}  // namespace attnd
