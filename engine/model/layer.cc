#include "engine/model/layer.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace attnd {
namespace {

float AttentionScale(const ModelConfig& config, int64_t index) {
  double scale = 1;
  if (config.scale_attention) scale /= std::sqrt(static_cast<double>(config.head_length()));
  if (config.scale_attention_by_layer) scale /= static_cast<double>(index + 1);
  return static_cast<float>(scale);
}

// Reads `name`.weight [in, out] and `name`.bias [out] and packs them for `kernel`.
absl::Status LoadLinear(const WeightSource& source, const std::string& name, const LinearKernel& kernel, Arena& arena,
                        PackedLinear& layer) {
  const auto element_count = static_cast<size_t>(kernel.shape().in * kernel.shape().out);
  std::vector<float> weights(element_count);
  std::vector<float> bias(static_cast<size_t>(kernel.shape().out));
  if (auto status = source.Read(absl::StrCat(name, ".weight"), absl::MakeSpan(weights)); !status.ok()) return status;
  if (auto status = source.Read(absl::StrCat(name, ".bias"), absl::MakeSpan(bias)); !status.ok()) return status;
  auto packed = kernel.Pack(weights.data(), WeightOrder::kInOut, bias, arena);
  if (!packed.ok()) return packed.status();
  layer = *packed;
  return absl::OkStatus();
}

std::vector<int64_t> Intersection(const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
  std::vector<int64_t> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

absl::Status CreateKernel(const LinearShape& shape, std::unique_ptr<LinearKernel>& kernel) {
  auto created = LinearKernel::Create(shape);
  if (!created.ok()) return created.status();
  kernel = *std::move(created);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LayerKernels> LayerKernels::Create(const ModelConfig& config) {
  const int64_t c = config.embedding_length;
  const int64_t f = config.feed_forward_length;
  const Epilogue gelu = config.activation == Activation::kGeluTanh ? Epilogue::kGeluTanh : Epilogue::kGeluErf;
  LayerKernels kernels;
  absl::Status status = CreateKernel({.in = c, .out = 3 * c}, kernels.qkv);
  status.Update(CreateKernel({.in = c, .out = c, .epilogue = Epilogue::kAddToOutput}, kernels.attention_projection));
  status.Update(CreateKernel({.in = c, .out = f, .epilogue = gelu}, kernels.feed_forward));
  status.Update(CreateKernel({.in = f, .out = c, .epilogue = Epilogue::kAddToOutput}, kernels.feed_forward_projection));
  if (!status.ok()) return status;
  kernels.row_counts = kernels.qkv->row_counts();
  for (const LinearKernel* kernel :
       {kernels.attention_projection.get(), kernels.feed_forward.get(), kernels.feed_forward_projection.get()}) {
    kernels.row_counts = Intersection(kernels.row_counts, kernel->row_counts());
  }
  if (kernels.row_counts.empty()) {
    return absl::InternalError(
        "oneDNN has no number of rows at which all linear layers of this model are "
        "independent of the batch");
  }
  return kernels;
}

int64_t LayerKernels::scratchpad_floats() const {
  return std::max({qkv->scratchpad_floats(), attention_projection->scratchpad_floats(),
                   feed_forward->scratchpad_floats(), feed_forward_projection->scratchpad_floats()});
}

absl::StatusOr<LayerNormWeights> LoadLayerNorm(const WeightSource& source, const std::string& name, Arena& arena) {
  const int64_t channels = source.config().embedding_length;
  const auto gain = arena.AllocateFloats(channels);
  if (!gain.ok()) return gain.status();
  const auto bias = arena.AllocateFloats(channels);
  if (!bias.ok()) return bias.status();
  if (auto status = source.Read(absl::StrCat(name, ".weight"), *gain); !status.ok()) return status;
  if (auto status = source.Read(absl::StrCat(name, ".bias"), *bias); !status.ok()) return status;
  return LayerNormWeights{.gain = *gain, .bias = *bias, .epsilon = source.config().layer_norm_epsilon};
}

absl::StatusOr<Layer> Layer::Load(const WeightSource& source, int64_t index, const LayerKernels& kernels,
                                  Arena& arena) {
  const std::string prefix = absl::StrCat("h.", index, ".");
  Layer layer;
  layer.kernels_ = &kernels;
  layer.attention_scale_ = AttentionScale(source.config(), index);
  auto ln_1 = LoadLayerNorm(source, prefix + "ln_1", arena);
  if (!ln_1.ok()) return ln_1.status();
  layer.ln_1_ = *ln_1;
  auto ln_2 = LoadLayerNorm(source, prefix + "ln_2", arena);
  if (!ln_2.ok()) return ln_2.status();
  layer.ln_2_ = *ln_2;
  const auto load = [&](const char* name, const LinearKernel& kernel, PackedLinear& linear) {
    return LoadLinear(source, prefix + name, kernel, arena, linear);
  };
  absl::Status status = load("attn.c_attn", *kernels.qkv, layer.qkv_);
  status.Update(load("attn.c_proj", *kernels.attention_projection, layer.attention_projection_));
  status.Update(load("mlp.c_fc", *kernels.feed_forward, layer.feed_forward_));
  status.Update(load("mlp.c_proj", *kernels.feed_forward_projection, layer.feed_forward_projection_));
  if (!status.ok()) return status;
  return layer;
}

void Layer::ProjectQkv(int64_t rows, const float* x, float* qkv, const WorkerScratch& scratch) const {
  LayerNorm(ln_1_, rows, x, scratch.normed);
  kernels_->qkv->Run(rows, scratch.normed, qkv_, qkv, scratch.linear_scratchpad);
}

void Layer::AddSublayers(int64_t rows, const float* attended, float* x, const WorkerScratch& scratch) const {
  kernels_->attention_projection->Run(rows, attended, attention_projection_, x, scratch.linear_scratchpad);
  LayerNorm(ln_2_, rows, x, scratch.normed);
  kernels_->feed_forward->Run(rows, scratch.normed, feed_forward_, scratch.feed_forward, scratch.linear_scratchpad);
  kernels_->feed_forward_projection->Run(rows, scratch.feed_forward, feed_forward_projection_, x,
                                         scratch.linear_scratchpad);
}

}  // namespace attnd
