#include "engine/ops/onednn_linear.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <unordered_map>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "dnnl.hpp"
#include "engine/ops/cpu.h"
#include "engine/ops/row_conversion.h"

namespace attnd {
namespace {

using dnnl::memory;

// Row counts tried. Those of a power of two or three times one, which leave no odd rest in any register blocking.
constexpr int64_t kMaxRows = 128;
constexpr int64_t kCandidateRows[] = {1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, kMaxRows};

// oneDNN chooses the packed layout of the weights for this many rows; every other primitive is given that layout.
constexpr int64_t kProbeRows = kMaxRows;

// oneDNN's object for this CPU; a handle, made once.
const dnnl::engine& Cpu() {
  static const auto* cpu = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *cpu;
}

memory::desc Strided(int64_t rows, int64_t columns, int64_t stride, memory::data_type type) {
  return memory::desc({rows, columns}, type, memory::dims{stride, 1});
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

absl::Status OneDnnError(const dnnl::error& error, const LinearShape& shape) {
  return absl::InternalError(
      absl::StrCat("oneDNN: ", error.what(), " in a linear layer [", shape.in, ", ", shape.out, "]"));
}

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
memory Wrap(const memory::desc& desc, const void* data) { return {desc, Cpu(), const_cast<void*>(data)}; }

void Reorder(const memory& source, const memory& target) {
  dnnl::stream stream(Cpu());
  dnnl::reorder(source, target).execute(stream, const_cast<memory&>(source), const_cast<memory&>(target));
  stream.wait();
}

std::vector<int64_t> Intersection(const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
  std::vector<int64_t> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

}  // namespace

struct OneDnnLinear::Chunk {
  struct Primitive {
    dnnl::matmul matmul;
    memory::desc x;
    memory::desc y;
    memory::desc scratchpad;
  };

  int64_t columns = 0;
  memory::desc packed_weights;
  memory::desc bias;
  std::map<int64_t, Primitive> by_row_count;
  size_t scratchpad_bytes = 0;
  std::string implementation;

  int64_t packed_bytes() const { return PaddedRowBytes(static_cast<int64_t>(packed_weights.get_size())); }
};

OneDnnLinear::OneDnnLinear(const LinearShape& shape) : LinearKernel(shape) {}

OneDnnLinear::~OneDnnLinear() = default;

absl::StatusOr<std::unique_ptr<OneDnnLinear>> OneDnnLinear::Create(const LinearShape& shape) {
  const ComputeThreadScope compute_thread;
  auto kernel = std::unique_ptr<OneDnnLinear>(new OneDnnLinear(shape));
  if (shape.out >= kChunkColumns) {
    auto full = kernel->CreateChunk(kChunkColumns);
    if (!full.ok()) return full.status();
    kernel->full_ = *std::move(full);
  }
  if (shape.out % kChunkColumns != 0) {
    auto last = kernel->CreateChunk(shape.out % kChunkColumns);
    if (!last.ok()) return last.status();
    kernel->last_ = *std::move(last);
  }
  if (absl::Status status = kernel->KeepInvariantRowCounts(); !status.ok()) return status;
  return kernel;
}

absl::StatusOr<std::unique_ptr<OneDnnLinear::Chunk>> OneDnnLinear::CreateChunk(int64_t columns) const {
  constexpr auto kType = memory::data_type::bf16;
  const auto y_type = shape().out_type == DataType::kBfloat16 ? memory::data_type::bf16 : memory::data_type::f32;
  const int64_t x_stride = converted_row_bytes() / 2;
  const auto describe = [&](int64_t rows, const memory::desc& weights) {
    return dnnl::matmul::primitive_desc(Cpu(), Strided(rows, shape().in, x_stride, kType), weights,
                                        Strided(1, columns, columns, memory::data_type::f32),
                                        Strided(rows, columns, shape().out_stride, y_type),
                                        Attributes(shape().epilogue));
  };
  try {
    auto chunk = std::make_unique<Chunk>();
    const auto probe = describe(kProbeRows, memory::desc({shape().in, columns}, kType, memory::format_tag::any));
    chunk->columns = columns;
    chunk->packed_weights = probe.weights_desc();
    chunk->bias = probe.bias_desc();
    chunk->implementation = probe.impl_info_str();
    for (const int64_t rows : kCandidateRows) {
      const auto desc = describe(rows, chunk->packed_weights);
      chunk->by_row_count.emplace(
          rows, Chunk::Primitive{dnnl::matmul(desc), desc.src_desc(), desc.dst_desc(), desc.scratchpad_desc()});
      chunk->scratchpad_bytes = std::max(chunk->scratchpad_bytes, desc.scratchpad_desc().get_size());
    }
    return chunk;
  } catch (const dnnl::error& error) {
    return OneDnnError(error, shape());
  }
}

absl::Status OneDnnLinear::KeepInvariantRowCounts() {
  row_counts_.assign(std::begin(kCandidateRows), std::end(kCandidateRows));
  for (const Chunk* chunk : {full_.get(), last_.get()}) {
    if (!chunk) continue;
    auto invariant = InvariantRowCounts(*chunk);
    if (!invariant.ok()) return invariant.status();
    row_counts_ = Intersection(row_counts_, *invariant);
  }
  if (!row_counts_.empty()) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("oneDNN has no number of rows at which all columns of a linear layer [",
                                          shape().in, ", ", shape().out, "] are independent of the batch"));
}

absl::StatusOr<std::vector<int64_t>> OneDnnLinear::InvariantRowCounts(const Chunk& chunk) const {
  // One random row in every place must give one result. The second half of it times the weights takes away what the
  // first adds up to, so that what is left is the order of additions. Several such rows all the same, lest a difference
  // be rounded away; many where the columns leave a rest that oneDNN treats on its own, which layers of common sizes do
  // not.
  const int trials = chunk.columns % 16 == 0 ? 3 : 100;
  Arena arena;
  std::minstd_rand generator(1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> weights(static_cast<size_t>(shape().in * chunk.columns));
  std::generate(weights.begin(), weights.end(), [&] { return uniform(generator); });
  const int64_t half = shape().in / 2;
  std::transform(weights.begin(), weights.begin() + half * chunk.columns, weights.begin() + half * chunk.columns,
                 std::negate<>());
  const auto packed = arena.Allocate<std::byte>(chunk.packed_bytes());
  const auto bias = arena.Allocate<float>(chunk.columns);
  const auto x = arena.Allocate<float>(kMaxRows * shape().in_stride);
  const auto converted = arena.Allocate<std::byte>(kMaxRows * converted_row_bytes());
  const auto y = arena.Allocate<std::byte>(kMaxRows * shape().out_row_bytes());
  const auto scratchpad = arena.Allocate<std::byte>(static_cast<int64_t>(chunk.scratchpad_bytes));
  if (!packed.ok() || !bias.ok() || !x.ok() || !converted.ok() || !y.ok() || !scratchpad.ok()) {
    return absl::ResourceExhaustedError("no memory to try a linear layer");
  }
  if (absl::Status status = PackChunk(chunk, weights.data(), packed->data()); !status.ok()) return status;

  const int64_t y_bytes = chunk.columns * DataTypeBytes(shape().out_type);
  std::map<int64_t, std::string> results;
  for (int trial = 0; trial < trials; ++trial) {
    std::generate_n(x->begin(), shape().in, [&] { return uniform(generator); });
    std::copy_n(x->begin(), half, x->begin() + half);
    for (int64_t row = 1; row < kMaxRows; ++row) {
      std::copy_n(x->begin(), shape().in, x->begin() + row * shape().in_stride);
    }
    ConvertRows(kMaxRows, x->data(), converted->data());
    for (const int64_t row_count : kCandidateRows) {
      std::fill(y->begin(), y->end(), std::byte{0});
      RunChunk(chunk, row_count, converted->data(), packed->data(), bias->data(), y->data(), scratchpad->data());
      std::string& result = results[row_count];
      result.append(reinterpret_cast<const char*>(y->data()), static_cast<size_t>(y_bytes));
      for (int64_t row = 1; row < row_count; ++row) {
        // A result of no other row count's size keeps it out of every group.
        const bool same = std::equal(y->begin(), y->begin() + y_bytes, y->begin() + row * shape().out_row_bytes());
        if (!same) result.push_back('\0');
      }
    }
  }
  std::map<std::string, std::vector<int64_t>> counts_by_result;
  for (const auto& [row_count, result] : results) {
    if (result.size() == static_cast<size_t>(trials * y_bytes)) counts_by_result[result].push_back(row_count);
  }
  // A single row is always alike, so there is a group; the one that reaches furthest is the fastest.
  return std::max_element(counts_by_result.begin(), counts_by_result.end(),
                          [](const auto& a, const auto& b) { return a.second.back() < b.second.back(); })
      ->second;
}

absl::Status OneDnnLinear::PackChunk(const Chunk& chunk, const float* weights, std::byte* packed) const {
  try {
    const memory source = Wrap(Strided(shape().in, chunk.columns, chunk.columns, memory::data_type::f32), weights);
    const memory target = Wrap(chunk.packed_weights, packed);
    // oneDNN packs fast only within one type: round first.
    const memory rounded(Strided(shape().in, chunk.columns, chunk.columns, memory::data_type::bf16), Cpu());
    Reorder(source, rounded);
    Reorder(rounded, target);
    return absl::OkStatus();
  } catch (const dnnl::error& error) {
    return OneDnnError(error, shape());
  }
}

absl::StatusOr<PackedLinear> OneDnnLinear::Pack(const float* weights, WeightOrder order, absl::Span<const float> bias,
                                                Arena& arena) const {
  const ComputeThreadScope compute_thread;
  const int64_t full_count = shape().out / kChunkColumns;
  const int64_t full_bytes = full_ ? full_->packed_bytes() : 0;
  const int64_t last_bytes = last_ ? last_->packed_bytes() : 0;
  const auto packed = arena.Allocate<std::byte>(full_count * full_bytes + last_bytes);
  if (!packed.ok()) return packed.status();
  const auto packed_bias = arena.Allocate<float>(shape().out);
  if (!packed_bias.ok()) return packed_bias.status();
  std::copy(bias.begin(), bias.end(), packed_bias->begin());
  // oneDNN 3.7.2 packs transposed weights wrongly when `in` leaves a rest, [70, 131] for one: transpose them here.
  std::vector<float> transposed;
  if (order == WeightOrder::kOutIn) {
    transposed = Transpose(weights, shape().out, shape().in);
    weights = transposed.data();
  }
  std::vector<float> columns(static_cast<size_t>(shape().in * kChunkColumns));
  for (int64_t first = 0; first < shape().out; first += kChunkColumns) {
    const Chunk& chunk = first + kChunkColumns <= shape().out ? *full_ : *last_;
    for (int64_t k = 0; k < shape().in; ++k) {
      std::copy_n(weights + k * shape().out + first, chunk.columns, columns.begin() + k * chunk.columns);
    }
    std::byte* place = packed->data() + first / kChunkColumns * full_bytes;
    if (absl::Status status = PackChunk(chunk, columns.data(), place); !status.ok()) return status;
  }
  return PackedLinear{.weights = packed->data(), .bias = packed_bias->data()};
}

int64_t OneDnnLinear::converted_row_bytes() const { return Bfloat16RowBytes(shape().in); }

void OneDnnLinear::ConvertRows(int64_t rows, const float* x, std::byte* converted) const {
  RoundRowsToBfloat16(rows, shape().in, x, shape().in_stride, converted);
}

void OneDnnLinear::Run(const LinearTile& tile, const PackedLinear& layer, std::byte* scratchpad) const {
  const int64_t rows = RowsTouched(tile.rows);
  const int64_t full_bytes = full_ ? full_->packed_bytes() : 0;
  const int64_t end = tile.first_column + tile.columns;
  for (int64_t column = tile.first_column; column < end; column += kChunkColumns) {
    const Chunk& chunk = column + kChunkColumns <= shape().out ? *full_ : *last_;
    RunChunk(chunk, rows, tile.x, layer.weights + column / kChunkColumns * full_bytes, layer.bias + column,
             tile.y + (column - tile.first_column) * DataTypeBytes(shape().out_type), scratchpad);
  }
}

void OneDnnLinear::RunChunk(const Chunk& chunk, int64_t rows, const std::byte* x, const std::byte* weights,
                            const float* bias, std::byte* y, std::byte* scratchpad) const {
  const Chunk::Primitive& primitive = chunk.by_row_count.at(rows);
  const std::unordered_map<int, memory> arguments = {
      {DNNL_ARG_SRC, Wrap(primitive.x, x)},
      {DNNL_ARG_WEIGHTS, Wrap(chunk.packed_weights, weights)},
      {DNNL_ARG_BIAS, Wrap(chunk.bias, bias)},
      {DNNL_ARG_DST, Wrap(primitive.y, y)},
      {DNNL_ARG_SCRATCHPAD, Wrap(primitive.scratchpad, scratchpad)},
  };
  dnnl::stream stream(Cpu());
  primitive.matmul.execute(stream, arguments);
}

int64_t OneDnnLinear::TileRows(int64_t rows) const {
  return *std::lower_bound(row_counts_.begin(), row_counts_.end() - 1, rows);
}

int64_t OneDnnLinear::RowsTouched(int64_t rows) const {
  CHECK_LE(rows, row_counts_.back());
  return *std::lower_bound(row_counts_.begin(), row_counts_.end(), rows);
}

int64_t OneDnnLinear::scratchpad_bytes() const {
  const size_t full = full_ ? full_->scratchpad_bytes : 0;
  const size_t last = last_ ? last_->scratchpad_bytes : 0;
  return static_cast<int64_t>(std::max(full, last));
}

std::string OneDnnLinear::implementation() const { return full_ ? full_->implementation : last_->implementation; }

}  // namespace attnd
