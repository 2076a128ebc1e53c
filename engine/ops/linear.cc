#include "engine/ops/linear.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <new>
#include <random>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "dnnl.hpp"
#include "engine/ops/cpu.h"

namespace attnd {
namespace {

using dnnl::memory;

// Row counts tried. Those of a power of two or three times one, which leave no odd rest in any register blocking.
constexpr int64_t kCandidateRows[] = {1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, kMaxLinearRows};

// oneDNN chooses the packed layout of the weights for this many rows; every other primitive is given that layout.
constexpr int64_t kProbeRows = kMaxLinearRows;

memory::desc RowMajor(int64_t rows, int64_t columns) {
  return memory::desc({rows, columns}, memory::data_type::f32, memory::format_tag::ab);
}

dnnl::primitive_attr Attributes(Epilogue epilogue) {
  dnnl::post_ops post_ops;
  switch (epilogue) {
    case Epilogue::kStore:
      break;
    case Epilogue::kGeluTanh:
      post_ops.append_eltwise(dnnl::algorithm::eltwise_gelu_tanh, 0, 0);
      break;
    case Epilogue::kGeluErf:
      post_ops.append_eltwise(dnnl::algorithm::eltwise_gelu_erf, 0, 0);
      break;
    case Epilogue::kAddToOutput:
      post_ops.append_sum(1.0F);
      break;
  }
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(post_ops);
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

dnnl::matmul::primitive_desc Describe(const LinearShape& shape, int64_t rows, const memory::desc& weights,
                                      const dnnl::engine& engine) {
  const memory::desc x = RowMajor(rows, shape.in);
  const memory::desc y = RowMajor(rows, shape.out);
  const dnnl::primitive_attr attributes = Attributes(shape.epilogue);
  if (!shape.has_bias) return {engine, x, weights, y, attributes};
  return {engine, x, weights, RowMajor(1, shape.out), y, attributes};
}

absl::Status OneDnnError(const dnnl::error& error, const LinearShape& shape) {
  return absl::InternalError(
      absl::StrCat("oneDNN: ", error.what(), " in a linear layer [", shape.in, ", ", shape.out, "]"));
}

int64_t FloatCount(size_t byte_count) { return static_cast<int64_t>((byte_count + sizeof(float) - 1) / sizeof(float)); }

// [rows, columns] -> [columns, rows], in tiles so that both stay in the cache.
std::vector<float> Transpose(const float* matrix, int64_t rows, int64_t columns) {
  constexpr int64_t kTile = 32;
  std::vector<float> transposed(static_cast<size_t>(rows * columns));
  for (int64_t first_row = 0; first_row < rows; first_row += kTile) {
    for (int64_t column = 0; column < columns; ++column) {
      for (int64_t row = first_row; row < std::min(first_row + kTile, rows); ++row) {
        transposed[static_cast<size_t>(column * rows + row)] = matrix[row * columns + column];
      }
    }
  }
  return transposed;
}

// memory takes a mutable pointer even for what a primitive only reads.
memory Wrap(const memory::desc& desc, const dnnl::engine& engine, const float* data) {
  return {desc, engine, const_cast<float*>(data)};
}

}  // namespace

struct LinearKernel::Primitives {
  struct Primitive {
    dnnl::matmul matmul;
    memory::desc x;
    memory::desc y;
    memory::desc scratchpad;
  };

  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  memory::desc packed_weights;
  memory::desc bias;
  std::map<int64_t, Primitive> by_row_count;
  int64_t scratchpad_floats = 0;
  std::string implementation;
};

LinearKernel::LinearKernel(const LinearShape& shape, std::unique_ptr<Primitives> primitives)
    : shape_(shape), primitives_(std::move(primitives)) {
  for (const auto& [row_count, primitive] : primitives_->by_row_count) row_counts_.push_back(row_count);
}

LinearKernel::~LinearKernel() = default;

absl::StatusOr<std::unique_ptr<LinearKernel>> LinearKernel::Create(const LinearShape& shape) {
  const ComputeThreadScope compute_thread;
  try {
    auto primitives = std::make_unique<Primitives>();
    const memory::desc any({shape.in, shape.out}, memory::data_type::f32, memory::format_tag::any);
    const auto probe = Describe(shape, kProbeRows, any, primitives->engine);
    primitives->packed_weights = probe.weights_desc();
    primitives->bias = RowMajor(1, shape.out);
    primitives->implementation = probe.impl_info_str();
    for (const int64_t row_count : kCandidateRows) {
      const auto desc = Describe(shape, row_count, primitives->packed_weights, primitives->engine);
      primitives->by_row_count.emplace(row_count, Primitives::Primitive{dnnl::matmul(desc), desc.src_desc(),
                                                                        desc.dst_desc(), desc.scratchpad_desc()});
      primitives->scratchpad_floats =
          std::max(primitives->scratchpad_floats, FloatCount(desc.scratchpad_desc().get_size()));
    }
    auto kernel = std::unique_ptr<LinearKernel>(new LinearKernel(shape, std::move(primitives)));
    if (absl::Status status = kernel->KeepInvariantRowCounts(); !status.ok()) return status;
    return kernel;
  } catch (const dnnl::error& error) {
    return OneDnnError(error, shape);
  }
}

absl::Status LinearKernel::KeepInvariantRowCounts() {
  // One random row in every place must give one result. Several such rows, lest a difference be rounded away; many
  // where the columns leave a rest that oneDNN treats on its own, which layers of common sizes do not.
  const int trials = shape_.out % 16 == 0 ? 3 : 100;
  Arena arena;
  std::minstd_rand generator(1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  const auto random = [&] { return uniform(generator); };
  std::vector<float> weights(static_cast<size_t>(shape_.in * shape_.out));
  std::vector<float> bias(static_cast<size_t>(shape_.has_bias ? shape_.out : 0));
  std::generate(weights.begin(), weights.end(), random);
  std::generate(bias.begin(), bias.end(), random);
  const auto layer = Pack(weights.data(), WeightOrder::kInOut, bias, arena);
  if (!layer.ok()) return layer.status();
  const auto x = arena.AllocateFloats(kMaxLinearRows * shape_.in);
  const auto y = arena.AllocateFloats(kMaxLinearRows * shape_.out);
  const auto scratchpad = arena.AllocateFloats(scratchpad_floats());
  if (!x.ok() || !y.ok() || !scratchpad.ok()) return absl::ResourceExhaustedError("no memory to try a linear layer");

  // Row counts by the result they all agree on, over all trials.
  std::map<std::vector<float>, std::vector<int64_t>> counts_by_result;
  std::map<int64_t, std::vector<float>> results;
  for (int trial = 0; trial < trials; ++trial) {
    std::generate_n(x->begin(), shape_.in, random);
    for (int64_t row = 1; row < kMaxLinearRows; ++row) std::copy_n(x->begin(), shape_.in, x->begin() + row * shape_.in);
    for (const int64_t row_count : row_counts_) {
      std::fill(y->begin(), y->end(), 0.0F);
      Run(row_count, x->data(), *layer, y->data(), scratchpad->data());
      std::vector<float>& result = results[row_count];
      result.insert(result.end(), y->begin(), y->begin() + shape_.out);
      const bool differs = !std::equal(y->begin() + shape_.out, y->begin() + row_count * shape_.out, y->begin());
      // A result of no other row count's size keeps it out of every group.
      if (differs) result.resize(result.size() + static_cast<size_t>(row_count));
    }
  }
  for (const auto& [row_count, result] : results) {
    if (result.size() == static_cast<size_t>(trials * shape_.out)) counts_by_result[result].push_back(row_count);
  }
  // A single row is always alike, so there is a group; the one that reaches furthest is the fastest.
  row_counts_ = std::max_element(counts_by_result.begin(), counts_by_result.end(), [](const auto& a, const auto& b) {
                  return a.second.back() < b.second.back();
                })->second;
  std::erase_if(primitives_->by_row_count, [&](const auto& entry) {
    return !std::binary_search(row_counts_.begin(), row_counts_.end(), entry.first);
  });
  return absl::OkStatus();
}

absl::StatusOr<PackedLinear> LinearKernel::Pack(const float* weights, WeightOrder order, absl::Span<const float> bias,
                                                Arena& arena) const {
  const ComputeThreadScope compute_thread;
  const auto packed = arena.AllocateFloats(FloatCount(primitives_->packed_weights.get_size()));
  if (!packed.ok()) return packed.status();
  const auto packed_bias = arena.AllocateFloats(static_cast<int64_t>(bias.size()));
  if (!packed_bias.ok()) return packed_bias.status();
  std::copy(bias.begin(), bias.end(), packed_bias->begin());
  // oneDNN 3.7.2 packs transposed weights wrongly when `in` leaves a rest, [70, 131] for one: transpose them here.
  std::vector<float> transposed;
  if (order == WeightOrder::kOutIn) {
    transposed = Transpose(weights, shape_.out, shape_.in);
    weights = transposed.data();
  }
  try {
    memory source = Wrap(RowMajor(shape_.in, shape_.out), primitives_->engine, weights);
    memory target = Wrap(primitives_->packed_weights, primitives_->engine, packed->data());
    dnnl::stream stream(primitives_->engine);
    dnnl::reorder(source, target).execute(stream, source, target);
    stream.wait();
  } catch (const dnnl::error& error) {
    return OneDnnError(error, shape_);
  }
  return PackedLinear{.weights = packed->data(), .bias = packed_bias->data()};
}

void LinearKernel::Run(int64_t rows, const float* x, const PackedLinear& layer, float* y, float* scratchpad) const {
  const Primitives::Primitive& primitive = primitives_->by_row_count.lower_bound(rows)->second;
  const dnnl::engine& engine = primitives_->engine;
  std::unordered_map<int, memory> arguments = {
      {DNNL_ARG_SRC, Wrap(primitive.x, engine, x)},
      {DNNL_ARG_WEIGHTS, Wrap(primitives_->packed_weights, engine, layer.weights)},
      {DNNL_ARG_DST, Wrap(primitive.y, engine, y)},
      {DNNL_ARG_SCRATCHPAD, Wrap(primitive.scratchpad, engine, scratchpad)},
  };
  if (shape_.has_bias) arguments.emplace(DNNL_ARG_BIAS, Wrap(primitives_->bias, engine, layer.bias));
  dnnl::stream stream(engine);
  primitive.matmul.execute(stream, arguments);
}

int64_t LinearKernel::scratchpad_floats() const { return primitives_->scratchpad_floats; }

std::string LinearKernel::implementation() const { return primitives_->implementation; }

}  // namespace attnd
