// Several engines of one model.

#ifndef ENGINE_MODEL_START_TRANSFORMERS_H_
#define ENGINE_MODEL_START_TRANSFORMERS_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/model/model_weights.h"
#include "engine/model/transformer.h"
#include "engine/ops/cpu_shares.h"

namespace attnd {

// One engine for each of `shares`, in their order, all made at the same time and each on its own CPUs, so that what it
// allocates lies near. Errors: those of Transformer::Create.
absl::StatusOr<std::vector<std::unique_ptr<Transformer>>> StartTransformers(
    const std::shared_ptr<const ModelWeights>& weights, absl::Span<const CpuShare> shares, int64_t max_batch_tokens);

}  // namespace attnd

#endif  // ENGINE_MODEL_START_TRANSFORMERS_H_
