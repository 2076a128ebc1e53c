#include "engine/model/batch_layout.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/ops/attention.h"

namespace attnd {
namespace {

// Items of work there should be for every thread, so that the last of them are short.
constexpr double kItemsPerThread = 4;

// In proportion to the time of attention over a sequence: its triangle, and what every row costs besides.
double AttentionCost(int64_t token_count) {
  constexpr double kRowCost = 64;
  const auto tokens = static_cast<double>(token_count);
  return tokens * (tokens + kRowCost);
}

}  // namespace

void BatchLayout::Assign(absl::Span<const SequenceTask> batch, int64_t head_count, int64_t thread_count) {
  first_rows_.clear();
  row_count_ = 0;
  for (const SequenceTask& task : batch) {
    first_rows_.push_back(row_count_);
    row_count_ += task.input->token_count;
  }
  CutForAttention(batch, head_count, thread_count);
}

size_t BatchLayout::SequenceOf(int64_t row) const {
  const auto after = std::upper_bound(first_rows_.begin(), first_rows_.end(), row);
  return static_cast<size_t>(after - first_rows_.begin()) - 1;
}

void BatchLayout::CutForAttention(absl::Span<const SequenceTask> batch, int64_t head_count, int64_t thread_count) {
  longest_first_.resize(batch.size());
  std::iota(longest_first_.begin(), longest_first_.end(), size_t{0});
  // Ties by place: std::stable_sort would allocate.
  std::sort(longest_first_.begin(), longest_first_.end(), [&](size_t a, size_t b) {
    const int64_t a_tokens = batch[a].input->token_count;
    const int64_t b_tokens = batch[b].input->token_count;
    return a_tokens != b_tokens ? a_tokens > b_tokens : a < b;
  });
  double total_cost = 0;
  for (const SequenceTask& task : batch) total_cost += AttentionCost(task.input->token_count);
  const double item_cost =
      total_cost * static_cast<double>(head_count) / (kItemsPerThread * static_cast<double>(thread_count));
  pieces_.clear();
  for (const size_t sequence : longest_first_) {
    const int64_t token_count = batch[sequence].input->token_count;
    const int64_t block_count = (token_count + kAttentionBlockRows - 1) / kAttentionBlockRows;
    const auto wanted = static_cast<int64_t>(std::ceil(AttentionCost(token_count) / item_cost));
    const int64_t count = std::clamp(wanted, int64_t{1}, block_count);
    int64_t last_row = token_count;
    for (int64_t piece = count - 1; piece >= 0 && last_row > 0; --piece) {
      // Pieces of one cost: the work up to a row grows with its square.
      const double share = std::sqrt(static_cast<double>(piece) / static_cast<double>(count));
      const auto block = static_cast<int64_t>(share * static_cast<double>(block_count));
      const int64_t first_row = std::min(block * kAttentionBlockRows, last_row);
      if (first_row < last_row) pieces_.push_back({sequence, first_row, last_row});
      last_row = first_row;
    }
  }
}

}  // namespace attnd
