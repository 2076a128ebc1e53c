// Where a model's weights come from: a checkpoint folder on disk, or a seed.

#ifndef ENGINE_MODEL_WEIGHT_SOURCE_H_
#define ENGINE_MODEL_WEIGHT_SOURCE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/model/config.h"

namespace attnd {

// Threads: every method may be called from several threads at once.
class WeightSource {
 public:
  virtual ~WeightSource() = default;

  // The model's shape; already valid (ValidateConfig).
  virtual const ModelConfig& config() const = 0;

  // Writes one tensor, converted to float32, row-major. `name` and the size of `values` are those of one of
  // ModelParameters(config()). Errors: DATA_LOSS naming the tensor and the element when a value is not finite, or the
  // file when it ends too early; what the system says when it cannot be read.
  virtual absl::Status Read(absl::string_view name, absl::Span<float> values) const = 0;

  // SHA-256, lower-case hex, that identifies the weights. Reads all of them: takes as long as the disk does. Errors:
  // those of reading.
  virtual absl::StatusOr<std::string> Sha256() const = 0;
};

}  // namespace attnd

#endif  // ENGINE_MODEL_WEIGHT_SOURCE_H_
