// What callers ask of a forward pass, taken out of its activations.

#ifndef ENGINE_MODEL_OUTPUTS_H_
#define ENGINE_MODEL_OUTPUTS_H_

#include <cstdint>

#include "absl/types/span.h"
#include "engine/engine.h"
#include "engine/model/config.h"

namespace attnd {

// Makes room in every task's output for what it selects.
void ResizeOutputs(const ModelConfig& config, absl::Span<const SequenceTask> batch);

// First of the rows [first, T) whose final norm `task` wants, or needs for what it wants; T when it wants none.
int64_t FirstFinalRow(const SequenceTask& task, const ModelConfig& config);

// Copies the hidden states selected at `place` (HiddenSelection::layer) out of `rows` [T, C], `stride` floats apart.
void CopyHidden(const SequenceTask& task, const ModelConfig& config, int64_t place, const float* rows, int64_t stride);

// Pools `final_rows` [T, C], `stride` floats apart, where an embedding is selected.
void PoolEmbedding(const SequenceTask& task, const float* final_rows, int64_t stride);

}  // namespace attnd

#endif  // ENGINE_MODEL_OUTPUTS_H_
