// A model's folder, written.

#ifndef CLIENT_MODEL_MODEL_FILES_H_
#define CLIENT_MODEL_MODEL_FILES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/checkpoint/float_format.h"
#include "engine/checkpoint/gpt2_checkpoint.h"
#include "engine/checkpoint/gpt2_writer.h"
#include "engine/files/staged_folder.h"
#include "engine/model/weight_source.h"

namespace attnd::client {

struct ModelFiles {
  const WeightSource* weights = nullptr;
  std::string config_text;
  FloatFormat format = FloatFormat::kFloat32;
  std::string companions;  // the folder whose tokenizer and generation settings go along; empty for none
};

// Writes a Hugging Face folder `target` of config.json, model.safetensors and companions, whole or not at all. Returns
// the SHA-256 of the weights' file. Errors: those of StagedFolder, WriteGpt2Weights and `progress`.
absl::StatusOr<std::string> WriteModelFiles(const ModelFiles& files, const std::string& target, ExistingTarget existing,
                                            WritingProgress progress);

// How the parameters lie in the files, where all lie alike; else float32, which holds them all.
FloatFormat StoredFormat(const Gpt2Checkpoint& checkpoint);

}  // namespace attnd::client

#endif  // CLIENT_MODEL_MODEL_FILES_H_
