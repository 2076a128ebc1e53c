// A Hugging Face GPT-2 checkpoint: a folder with config.json and model.safetensors, or shards of it.

#ifndef ENGINE_CHECKPOINT_GPT2_CHECKPOINT_H_
#define ENGINE_CHECKPOINT_GPT2_CHECKPOINT_H_

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/checkpoint/tensor_files.h"
#include "engine/model/weight_source.h"

namespace attnd {

// Tensors are F32, F16 or BF16, their names with or without the prefix "transformer.". The attention masks that
// published GPT-2 files carry ("h.N.attn.bias", "h.N.attn.masked_bias") are ignored, and so is "lm_head.weight" where
// config.json ties it to the token embedding. Owns: its files, open. They should not change while it lives: replace
// one by renaming another over it.
class Gpt2Checkpoint final : public WeightSource {
 public:
  // Nothing is read but config.json, the index of shards, headers, and a tied "lm_head.weight", to warn where it is not
  // the token embedding. Errors begin with the path of the file: those of InputFile; DATA_LOSS when one is corrupt;
  // INVALID_ARGUMENT naming the key of config.json or the tensor that is missing, unexpected, or of another shape or
  // type than config.json says.
  static absl::StatusOr<std::unique_ptr<Gpt2Checkpoint>> Open(const std::string& folder);

  const ModelConfig& config() const override { return config_; }
  absl::Status Read(absl::string_view name, absl::Span<float> values) const override;

  // config.json as it is.
  const std::string& config_text() const { return config_text_; }

  // Every tensor of the files under its full name, with what is ignored.
  const std::map<std::string, StoredTensor>& stored_tensors() const { return files_.tensors(); }

  // Of the files, as TensorFiles::Sha256.
  absl::StatusOr<std::string> Sha256() const override { return files_.Sha256(); }

 private:
  Gpt2Checkpoint(const ModelConfig& config, std::string config_text, TensorFiles files)
      : config_(config), config_text_(std::move(config_text)), files_(std::move(files)) {}

  absl::Status IndexTensors();
  absl::Status CheckTensors() const;
  absl::Status WarnOfUnusedHead() const;

  const ModelConfig config_;
  const std::string config_text_;
  const TensorFiles files_;
  absl::flat_hash_map<std::string, StoredTensor> tensors_;  // by name without prefix
};

}  // namespace attnd

#endif  // ENGINE_CHECKPOINT_GPT2_CHECKPOINT_H_
