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
    if (selection.top) {
      const size_t count = ElementCount(RowCount(selection.top->positions, token_count), selection.top->k);
      task.output->top.ids.resize(count);
      task.output->top.logits.resize(count);
      task.output->top.log_probabilities.resize(count);
    }
    if (selection.token_log_probabilities) {
      task.output->token_log_probabilities.resize(static_cast<size_t>(token_count - 1));
    }
  }
}

int64_t FirstFinalRow(const SequenceTask& task, const ModelConfig& config) {
  const OutputSelection& selection = *task.selection;
  const int64_t token_count = task.input->token_count;
  int64_t first = token_count;
  const auto include = [&](const PositionSelection& positions) {
    for (int64_t row = 0; row < RowCount(positions, token_count); ++row) {
      first = std::min(first, PositionOfRow(positions, row, token_count));
    }
  };
  for (const HiddenSelection& hidden : selection.hidden) {
    if (hidden.layer == FinalPlace(config)) include(hidden.positions);
  }
  if (selection.logits) include(*selection.logits);
  if (selection.top) include(selection.top->positions);
  if (selection.embedding) {
    include(selection.embedding->pooling == Pooling::kLast ? Positions::kLast : Positions::kAll);
  }
  if (selection.token_log_probabilities) include(Positions::kAll);
  return first;
}

void CopyHidden(const SequenceTask& task, const ModelConfig& config, int64_t place, const float* rows, int64_t stride) {
  const int64_t c = config.embedding_length;
  for (size_t i = 0; i < task.selection->hidden.size(); ++i) {
    const HiddenSelection& selection = task.selection->hidden[i];
    if (selection.layer != place) continue;
    const int64_t token_count = task.input->token_count;
    float* destination = task.output->hidden[i].data();
    for (int64_t row = 0; row < RowCount(selection.positions, token_count); ++row) {
      destination = std::copy_n(rows + PositionOfRow(selection.positions, row, token_count) * stride, c, destination);
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
