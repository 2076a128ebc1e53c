#include "engine/checkpoint/grow_layers.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "engine/checkpoint/sha256.h"

namespace attnd {
namespace {

// A layer of the grown model.
struct GrownLayer {
  int64_t origin = 0;  // the layer of the source it is, or is a copy of
  bool is_new = false;
};

class GrownWeights final : public WeightSource {
 public:
  GrownWeights(std::unique_ptr<WeightSource> source, const ModelConfig& config, NewLayers place)
      : source_(std::move(source)), config_(config), place_(place) {}

  const ModelConfig& config() const override { return config_; }

  absl::Status Read(absl::string_view name, absl::Span<float> values) const override {
    absl::string_view rest = name;
    if (!absl::ConsumePrefix(&rest, "h.")) return source_->Read(name, values);
    int64_t index = 0;
    const size_t dot = rest.find('.');
    if (!absl::SimpleAtoi(rest.substr(0, dot), &index)) return source_->Read(name, values);
    rest.remove_prefix(dot + 1);
    const GrownLayer layer = LayerAt(index);
    if (layer.is_new && (absl::StartsWith(rest, "attn.c_proj.") || absl::StartsWith(rest, "mlp.c_proj."))) {
      std::fill(values.begin(), values.end(), 0.0F);
      return absl::OkStatus();
    }
    return source_->Read(absl::StrCat("h.", layer.origin, ".", rest), values);
  }

  absl::StatusOr<std::string> Sha256() const override {
    const auto source = source_->Sha256();
    if (!source.ok()) return source.status();
    const std::string identity = absl::StrCat(*source, " with ", config_.layer_count, " layers, new ones ",
                                              place_ == NewLayers::kEnd ? "at the end" : "spread");
    Sha256Hasher hasher;
    hasher.Update(identity.data(), identity.size());
    return hasher.Finish();
  }

 private:
  GrownLayer LayerAt(int64_t index) const {
    const int64_t old_count = source_->config().layer_count;
    if (place_ == NewLayers::kEnd) return {.origin = std::min(index, old_count - 1), .is_new = index >= old_count};
    // Layers [i * old / all] fall together in runs: the first of a run is the old one.
    const auto origin = [&](int64_t i) { return i * old_count / config_.layer_count; };
    return {.origin = origin(index), .is_new = index > 0 && origin(index) == origin(index - 1)};
  }

  const std::unique_ptr<WeightSource> source_;
  const ModelConfig config_;
  const NewLayers place_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<WeightSource>> GrowLayers(std::unique_ptr<WeightSource> source, int64_t layer_count,
                                                         NewLayers place) {
  ModelConfig config = source->config();
  if (layer_count == config.layer_count) return source;
  if (layer_count < config.layer_count) {
    return absl::InvalidArgumentError(absl::StrCat("layers = ", layer_count, ", must be at least the ",
                                                   config.layer_count,
                                                   " of the checkpoint: layers can be added, not taken away"));
  }
  if (place == NewLayers::kSpread && config.scale_attention_by_layer) {
    return absl::InvalidArgumentError(
        "new layers cannot be spread in a model with scale_attn_by_inverse_layer_idx, whose layers depend on their "
        "number; add them at the end");
  }
  config.layer_count = layer_count;
  if (absl::Status status = ValidateConfig(config); !status.ok()) return status;
  return std::make_unique<GrownWeights>(std::move(source), config, place);
}

}  // namespace attnd
