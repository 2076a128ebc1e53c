// config.json of a Hugging Face GPT-2 checkpoint.

#ifndef ENGINE_CHECKPOINT_GPT2_CONFIG_H_
#define ENGINE_CHECKPOINT_GPT2_CONFIG_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/model/config.h"

namespace attnd {

// What Hugging Face's GPT2Config gives a default to has that default here; sizes must be given. DATA_LOSS when `text`
// is no JSON object; INVALID_ARGUMENT naming the key, its value and what it must be; both begin with "config.json".
// What passes is valid (ValidateConfig). Threads: any.
absl::StatusOr<ModelConfig> ParseGpt2Config(absl::string_view text);

}  // namespace attnd

#endif  // ENGINE_CHECKPOINT_GPT2_CONFIG_H_
