// Writes the files of a Hugging Face GPT-2 checkpoint: the names, keys and layout that transformers' GPT2LMHeadModel
// saves and loads.

#ifndef ENGINE_CHECKPOINT_GPT2_WRITER_H_
#define ENGINE_CHECKPOINT_GPT2_WRITER_H_

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/checkpoint/float_format.h"
#include "engine/model/config.h"
#include "engine/model/weight_source.h"

namespace attnd {

// config.json of a new model whose weights are in `format`. The last token is taken for the one that ends a text, as in
// GPT-2. Threads: any.
std::string Gpt2ConfigText(const ModelConfig& config, FloatFormat format);

// `text`, the config.json of a model, for one that has `layer_count` layers and weights in `format` instead; whatever
// else it holds stays. Errors: those of ParseGpt2Config. Threads: any.
absl::StatusOr<std::string> ChangedGpt2ConfigText(absl::string_view text, int64_t layer_count, FloatFormat format);

// Of what has to be written, the share in [0, 1] that is. What it returns ends the writing unless it is OK.
using WritingProgress = absl::FunctionRef<absl::Status(double fraction)>;

// Writes all weights of `source` into the file `path`, which is not there yet, reading one tensor at a time. Returns
// the SHA-256 of the file, by which Gpt2Checkpoint will know it. Errors: those of `source`, of SafetensorsWriter and of
// `progress`; RESOURCE_EXHAUSTED when the largest tensor finds no memory. Threads: any.
absl::StatusOr<std::string> WriteGpt2Weights(const WeightSource& source, FloatFormat format, const std::string& path,
                                             WritingProgress progress);

}  // namespace attnd

#endif  // ENGINE_CHECKPOINT_GPT2_WRITER_H_
