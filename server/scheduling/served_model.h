// A model in service.

#ifndef SERVER_SCHEDULING_SERVED_MODEL_H_
#define SERVER_SCHEDULING_SERVED_MODEL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/engine.h"
#include "engine/text/tokenizer.h"

namespace attnd {

// Shared by the requests that were checked against it and are computed by it, and kept as long as there are any.
struct ServedModel {
  std::string name;
  std::string version;                           // as ModelVersion gives it
  int64_t load_count = 1;                        // models that this server had loaded by then
  std::vector<std::unique_ptr<Engine>> engines;  // one for each batcher, at least one; they share the weights
  // FAILED_PRECONDITION, in words for callers, where the model came without one.
  absl::StatusOr<Tokenizer> tokenizer = absl::FailedPreconditionError("the model has no tokenizer; send token ids");

  // What the engines have in common.
  const EngineInfo& info() const { return engines.front()->info(); }
  const ModelConfig& config() const { return info().config; }

  // Of all engines together.
  int thread_count() const;
};

// Tells what computed a reply: the first 12 digits of the weights' SHA-256, and how many models this server had loaded
// by then, such as "7d0c3b1e5a92-1".
std::string ModelVersion(const std::string& weights_sha256, int64_t load_count);

}  // namespace attnd

#endif  // SERVER_SCHEDULING_SERVED_MODEL_H_
