#include "engine/model/layer.h"

#include <cmath>
#include <string>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"

namespace attnd {
namespace {

float AttentionScale(const ModelConfig& config, int64_t index) {
  double scale = 1;
  if (config.scale_attention) scale /= std::sqrt(static_cast<double>(config.head_length()));
  if (config.scale_attention_by_layer) scale /= static_cast<double>(index + 1);
  return static_cast<float>(scale);
}

// Whether the kernel reads rows of bfloat16 that are nothing but their elements: of an odd length, they have a zero
// behind their end, which only conversion writes.
bool ReadsPlainBfloat16(const LinearKernel& kernel, DataType weights) {
  return weights == DataType::kBfloat16 && kernel.converted_row_bytes() > 0 && kernel.shape().in % 2 == 0;
}

// Assigns what `created` holds.
template <typename Value, typename Target>
absl::Status Assign(absl::StatusOr<Value> created, Target& target) {
  if (!created.ok()) return created.status();
  target = *std::move(created);
  return absl::OkStatus();
}

}  // namespace

LinearShape LayerShape(int64_t in, int64_t out, Epilogue epilogue, DataType out_type) {
  return {.in = in,
          .out = out,
          .in_stride = ActivationStride(in),
          .out_stride = ActivationStride(out, out_type),
          .epilogue = epilogue,
          .out_type = out_type};
}

LayerKernels LayerKernels::Create(const ModelConfig& config, DataType type) {
  const int64_t c = config.embedding_length;
  const int64_t f = config.feed_forward_length;
  const Epilogue gelu = config.activation == Activation::kGeluTanh ? Epilogue::kGeluTanh : Epilogue::kGeluErf;
  LayerKernels kernels;
  kernels.attention_projection = LinearKernel::Create(LayerShape(c, c, Epilogue::kAddToOutput), type);
  kernels.feed_forward_projection = LinearKernel::Create(LayerShape(f, c, Epilogue::kAddToOutput), type);
  if (ReadsPlainBfloat16(*kernels.attention_projection, type) &&
      ReadsPlainBfloat16(*kernels.feed_forward_projection, type)) {
    kernels.activation_type = DataType::kBfloat16;
    CHECK_EQ(kernels.attention_projection->input_row_bytes(), ActivationStride(c, DataType::kBfloat16) * 2);
    CHECK_EQ(kernels.feed_forward_projection->input_row_bytes(), ActivationStride(f, DataType::kBfloat16) * 2);
  }
  kernels.qkv = LinearKernel::Create(LayerShape(c, 3 * c, Epilogue::kStore), type);
  kernels.feed_forward = LinearKernel::Create(LayerShape(c, f, gelu, kernels.activation_type), type);
  return kernels;
}

std::vector<const LinearKernel*> LayerKernels::all() const {
  return {qkv.get(), attention_projection.get(), feed_forward.get(), feed_forward_projection.get()};
}

absl::StatusOr<Layer> Layer::Load(const WeightSource& source, int64_t index, const LayerKernels& kernels,
                                  Arena& arena) {
  const std::string prefix = absl::StrCat("h.", index, ".");
  Layer layer;
  layer.attention_scale = AttentionScale(source.config(), index);
  const auto load_norm = [&](const char* name) { return LoadLayerNorm(source, prefix + name, arena); };
  const auto load = [&](const char* name, const LinearKernel& kernel) {
    return LoadLinear(source, prefix + name, kernel, arena);
  };
  absl::Status status = Assign(load_norm("ln_1"), layer.ln_1);
  status.Update(Assign(load("attn.c_attn", *kernels.qkv), layer.qkv));
  status.Update(Assign(load("attn.c_proj", *kernels.attention_projection), layer.attention_projection));
  status.Update(Assign(load_norm("ln_2"), layer.ln_2));
  status.Update(Assign(load("mlp.c_fc", *kernels.feed_forward), layer.feed_forward));
  status.Update(Assign(load("mlp.c_proj", *kernels.feed_forward_projection), layer.feed_forward_projection));
  if (!status.ok()) return status;
  return layer;
}

}  // namespace attnd
