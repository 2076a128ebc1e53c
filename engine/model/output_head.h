// From final hidden states to logits, and to what callers want of those: the likeliest tokens, and how likely those
// were that came next.

#ifndef ENGINE_MODEL_OUTPUT_HEAD_H_
#define ENGINE_MODEL_OUTPUT_HEAD_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/engine.h"
#include "engine/model/batch_layout.h"
#include "engine/model/config.h"
#include "engine/model/token_table.h"
#include "engine/ops/thread_team.h"
#include "engine/tensor/arena.h"

namespace attnd {

// Computes the rows of logits that somebody asked for, each once whatever it is wanted for. Rows that nobody wants as
// logits never lie together: TokenTable::kMaxRows of them at a time are computed, reduced and overwritten.
// Threads: Run by one at a time. Owns nothing: its buffers belong to the arena of Create.
class OutputHead {
 public:
  // For batches of at most `max_rows` tokens. `table` and `team` must outlive the head.
  static absl::StatusOr<OutputHead> Create(const TokenTable& table, const ModelConfig& config, int64_t max_rows,
                                           ThreadTeam& team, Arena& arena);

  // Fills logits, top and token_log_probabilities of every task's output, which have room for them. `final_rows` are
  // the batch's rows after the final norm, [N, C] as `layout` says, `stride` floats apart, where FirstFinalRow of a
  // sequence and all after it are there; `prepared` has room for TokenTable::prepared_row_bytes of N rows.
  absl::Status Run(absl::Span<const SequenceTask> batch, const BatchLayout& layout, const float* final_rows,
                   int64_t stride, std::byte* prepared);

 private:
  // A row of logits that is wanted for more than itself, if any of the two is there.
  struct Row {
    const SequenceTask* task = nullptr;
    int64_t position = 0;
    int64_t top_row = -1;     // its place among the rows of OutputSelection::top; -1: not among them
    int32_t next_token = -1;  // whose log-probability is wanted; -1: none

    bool is_reduced() const { return top_row >= 0 || next_token >= 0; }
  };

  OutputHead(const TokenTable& table, const ModelConfig& config, ThreadTeam& team);

  // Finds the rows of one sequence and prepares them for the product. `final_rows` are those of the sequence.
  void Gather(const SequenceTask& task, const float* final_rows, int64_t stride, std::byte* prepared);
  // Notes for each position of `task` its row among those of logits and of top.
  void MarkPositions(const SequenceTask& task);
  void AddRow(const Row& row, float* logits);
  // Computes the logits of rows [first, last).
  absl::Status ComputeLogits(int64_t first, int64_t last, const std::byte* prepared);
  void Reduce(const Row& row, const float* logits) const;

  const TokenTable* table_;
  ThreadTeam* team_;
  int64_t vocabulary_size_ = 0;
  absl::Span<float> block_;          // [TokenTable::kMaxRows, V], of rows that nobody wants as logits
  std::vector<float*> scratch_;      // [threads], each [TokenTable::kMaxRows, TokenTable::kChunkColumns]
  std::vector<int64_t> logits_row_;  // [context length], of the sequence at hand; -1: not wanted
  std::vector<int64_t> top_row_;     // likewise
  std::vector<Row> rows_;            // [rows wanted]
  std::vector<float*> logits_;       // where the logits of each go
  bool any_reduced_ = false;
};

}  // namespace attnd

#endif  // ENGINE_MODEL_OUTPUT_HEAD_H_
