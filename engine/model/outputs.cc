#include "engine/model/outputs.h"

#include <algorithm>
#include <cstddef>

#include "engine/ops/pooling.h"

namespace attnd {
namespace {

size_t ElementCount(int64_t rows, int64_t columns) { return static_cast<size_t>(rows * columns); }

int64_t FinalPlace(const ModelConfig& config) { return config.layer_count + 1; }

}  // namespace

void ResizeOutputs(const ModelConfig& config, absl::Span<const SequenceTask> batch) {
  for (const SequenceTask& task : batch) {
    const OutputSelection& selection = *task.selection;
    const int64_t token_count = task.input->token_count;
    task.output->hidden.resize(selection.hidden.size());
    for (size_t i = 0; i < selection.hidden.size(); ++i) {
      const int64_t rows = RowCount(selection.hidden[i].positions, token_count);
      task.output->hidden[i].resize(ElementCount(rows, config.embedding_length));
    }
    if (selection.logits) {
      task.output->logits.resize(ElementCount(RowCount(*selection.logits, token_count), config.vocabulary_size));
    }
    if (selection.embedding) {
      const int64_t dimensions = selection.embedding->dimensions;
      task.output->embedding.resize(ElementCount(1, dimensions == 0 ? config.embedding_length : dimensions));
    }
  }
}

bool AnyWantsLogits(absl::Span<const SequenceTask> batch) {
  return std::any_of(batch.begin(), batch.end(),
                     [](const SequenceTask& task) { return task.selection->logits.has_value(); });
}

int64_t FirstFinalRow(const SequenceTask& task, const ModelConfig& config) {
  const OutputSelection& selection = *task.selection;
  const auto is_all_final = [&](const HiddenSelection& hidden) {
    return hidden.layer == FinalPlace(config) && hidden.positions == Positions::kAll;
  };
  const bool all = selection.logits == Positions::kAll ||
                   (selection.embedding && selection.embedding->pooling != Pooling::kLast) ||
                   std::any_of(selection.hidden.begin(), selection.hidden.end(), is_all_final);
  return all ? 0 : task.input->token_count - 1;
}

void CopyHidden(const SequenceTask& task, const ModelConfig& config, int64_t place, const float* rows, int64_t stride) {
  const int64_t c = config.embedding_length;
  for (size_t i = 0; i < task.selection->hidden.size(); ++i) {
    const HiddenSelection& selection = task.selection->hidden[i];
    if (selection.layer != place) continue;
    const int64_t token_count = task.input->token_count;
    float* destination = task.output->hidden[i].data();
    for (int64_t row = token_count - RowCount(selection.positions, token_count); row < token_count; ++row) {
      destination = std::copy_n(rows + row * stride, c, destination);
    }
  }
}

void PoolEmbedding(const SequenceTask& task, const float* final_rows, int64_t stride) {
  if (!task.selection->embedding) return;
  const absl::Span<float> embedding = absl::MakeSpan(task.output->embedding);
  const int64_t token_count = task.input->token_count;
  switch (task.selection->embedding->pooling) {
    case Pooling::kLast:
      std::copy_n(final_rows + (token_count - 1) * stride, embedding.size(), embedding.begin());
      break;
    case Pooling::kMean:
      MeanOfRows(final_rows, token_count, stride, embedding);
      break;
    case Pooling::kWeightedMean:
      WeightedMeanOfRows(final_rows, token_count, stride, embedding);
      break;
  }
  if (task.selection->embedding->normalize) NormalizeToUnitLength(embedding);
}

}  // namespace attnd
