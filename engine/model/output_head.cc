#include "engine/model/output_head.h"

#include <algorithm>

#include "engine/ops/log_sum_exp.h"
#include "engine/ops/top_k.h"

namespace attnd {

OutputHead::OutputHead(const TokenTable& table, const ModelConfig& config, ThreadTeam& team)
    : table_(&table),
      team_(&team),
      vocabulary_size_(config.vocabulary_size),
      scratch_(static_cast<size_t>(team.thread_count())),
      logits_row_(static_cast<size_t>(config.context_length)),
      top_row_(static_cast<size_t>(config.context_length)) {}

absl::StatusOr<OutputHead> OutputHead::Create(const TokenTable& table, const ModelConfig& config, int64_t max_rows,
                                              ThreadTeam& team, Arena& arena) {
  OutputHead head(table, config, team);
  head.rows_.reserve(static_cast<size_t>(max_rows));
  head.logits_.reserve(static_cast<size_t>(max_rows));
  auto block = arena.Allocate<float>(TokenTable::kMaxRows * config.vocabulary_size);
  if (!block.ok()) return block.status();
  head.block_ = *block;
  for (float*& scratch : head.scratch_) {
    auto allocated = arena.Allocate<float>(TokenTable::kMaxRows * TokenTable::kChunkColumns);
    if (!allocated.ok()) return allocated.status();
    scratch = allocated->data();
  }
  return head;
}

absl::Status OutputHead::Run(absl::Span<const SequenceTask> batch, const BatchLayout& layout, const float* final_rows,
                             int64_t stride, std::byte* prepared) {
  rows_.clear();
  logits_.clear();
  any_reduced_ = false;
  for (size_t sequence = 0; sequence < batch.size(); ++sequence) {
    Gather(batch[sequence], final_rows + layout.first_row(sequence) * stride, stride, prepared);
  }
  const auto row_count = static_cast<int64_t>(rows_.size());
  if (!any_reduced_) return ComputeLogits(0, row_count, prepared);
  for (int64_t first = 0; first < row_count; first += TokenTable::kMaxRows) {
    const int64_t last = std::min(first + TokenTable::kMaxRows, row_count);
    absl::Status status = ComputeLogits(first, last, prepared);
    if (status.ok()) {
      status = team_->ParallelFor(last - first, [&](int64_t item, int) {
        const auto row = static_cast<size_t>(first + item);
        if (rows_[row].is_reduced()) Reduce(rows_[row], logits_[row]);
      });
    }
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

void OutputHead::Gather(const SequenceTask& task, const float* final_rows, int64_t stride, std::byte* prepared) {
  const OutputSelection& selection = *task.selection;
  if (!selection.wants_head()) return;
  MarkPositions(task);
  for (int64_t position = 0; position < task.input->token_count; ++position) {
    const auto at = static_cast<size_t>(position);
    const bool is_scored = selection.token_log_probabilities && position + 1 < task.input->token_count;
    const int64_t logits_row = logits_row_[at];
    const Row row{.task = &task,
                  .position = position,
                  .top_row = top_row_[at],
                  .next_token = is_scored ? task.input->token_ids[at + 1] : -1};
    if (logits_row < 0 && !row.is_reduced()) continue;
    table_->PrepareRow(final_rows + position * stride,
                       prepared + static_cast<int64_t>(rows_.size()) * table_->prepared_row_bytes());
    AddRow(row, logits_row < 0 ? nullptr : task.output->logits.data() + logits_row * vocabulary_size_);
  }
}

void OutputHead::MarkPositions(const SequenceTask& task) {
  const int64_t token_count = task.input->token_count;
  const auto mark = [token_count](const PositionSelection& positions, std::vector<int64_t>& row_of) {
    for (int64_t row = 0; row < RowCount(positions, token_count); ++row) {
      row_of[static_cast<size_t>(PositionOfRow(positions, row, token_count))] = row;
    }
  };
  std::fill_n(logits_row_.begin(), token_count, -1);
  std::fill_n(top_row_.begin(), token_count, -1);
  if (task.selection->logits) mark(*task.selection->logits, logits_row_);
  if (task.selection->top) mark(task.selection->top->positions, top_row_);
}

void OutputHead::AddRow(const Row& row, float* logits) {
  const auto place_in_block = static_cast<int64_t>(rows_.size()) % TokenTable::kMaxRows;
  logits_.push_back(logits != nullptr ? logits : block_.data() + place_in_block * vocabulary_size_);
  rows_.push_back(row);
  any_reduced_ |= row.is_reduced();
}

absl::Status OutputHead::ComputeLogits(int64_t first, int64_t last, const std::byte* prepared) {
  const int64_t chunk_count = table_->chunk_count();
  const int64_t slab_count = (last - first + TokenTable::kMaxRows - 1) / TokenTable::kMaxRows;
  return team_->ParallelFor(slab_count * chunk_count, [&](int64_t item, int worker) {
    const int64_t row = first + item / chunk_count * TokenTable::kMaxRows;
    const int64_t rows = std::min(TokenTable::kMaxRows, last - row);
    table_->ComputeLogits(item % chunk_count, prepared + row * table_->prepared_row_bytes(),
                          absl::MakeSpan(logits_).subspan(static_cast<size_t>(row), static_cast<size_t>(rows)),
                          scratch_[static_cast<size_t>(worker)]);
  });
}

void OutputHead::Reduce(const Row& row, const float* logits) const {
  const absl::Span<const float> all(logits, static_cast<size_t>(vocabulary_size_));
  const double log_sum = LogSumExp(all);
  const auto log_probability = [&](int32_t token) {
    return static_cast<float>(static_cast<double>(all[static_cast<size_t>(token)]) - log_sum);
  };
  SequenceOutput& output = *row.task->output;
  if (row.next_token >= 0) {
    output.token_log_probabilities[static_cast<size_t>(row.position)] = log_probability(row.next_token);
  }
  if (row.top_row < 0) return;
  const auto k = static_cast<size_t>(row.task->selection->top->k);
  const size_t begin = static_cast<size_t>(row.top_row) * k;
  SelectTop(all, absl::MakeSpan(output.top.ids).subspan(begin, k));
  for (size_t i = begin; i < begin + k; ++i) {
    const int32_t token = output.top.ids[i];
    output.top.logits[i] = all[static_cast<size_t>(token)];
    output.top.log_probabilities[i] = log_probability(token);
  }
}

}  // namespace attnd
