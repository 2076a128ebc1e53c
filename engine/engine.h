// What a server sees of the engine: batches of sequences in, hidden states, logits and embeddings out.

#ifndef ENGINE_ENGINE_H_
#define ENGINE_ENGINE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "engine/model/config.h"
#include "engine/tensor/data_type.h"

namespace attnd {

enum class Positions { kLast, kAll, kListed };

// Which rows of a [T, ...] output are wanted.
struct PositionSelection {
  // NOLINTNEXTLINE(google-explicit-constructor): the last or all positions need no more than their name.
  PositionSelection(Positions name = Positions::kLast) : which(name) {}
  // Each in [0, T), none twice, in the order in which rows are wanted.
  explicit PositionSelection(std::vector<int32_t> positions)
      : which(Positions::kListed), listed(std::move(positions)) {}

  friend bool operator==(const PositionSelection&, const PositionSelection&) = default;

  Positions which = Positions::kLast;
  std::vector<int32_t> listed;
};

// Rows of `positions` among `token_count`.
inline int64_t RowCount(const PositionSelection& positions, int64_t token_count) {
  switch (positions.which) {
    case Positions::kAll:
      return token_count;
    case Positions::kListed:
      return static_cast<int64_t>(positions.listed.size());
    case Positions::kLast:
      break;
  }
  return 1;
}

// The position whose row is row `row` of `positions`.
inline int64_t PositionOfRow(const PositionSelection& positions, int64_t row, int64_t token_count) {
  switch (positions.which) {
    case Positions::kAll:
      return row;
    case Positions::kListed:
      return positions.listed[static_cast<size_t>(row)];
    case Positions::kLast:
      break;
  }
  return token_count - 1;
}

enum class Pooling { kLast, kMean, kWeightedMean };

// Hidden states at one place in the stack. `layer` counts places: 0 is what enters the first layer, l in [1, L] the
// output of layer l - 1 with both residuals added, L + 1 that of the last layer after the final norm.
struct HiddenSelection {
  int64_t layer = 0;
  PositionSelection positions;
};

// The likeliest next tokens at some positions.
struct TopSelection {
  int64_t k = 1;  // in [1, V]
  PositionSelection positions;
};

struct EmbeddingSelection {
  Pooling pooling = Pooling::kLast;
  int64_t dimensions = 0;  // channels kept, from the first on, before the vector is normalised; 0: all
  bool normalize = true;
};

// What a sequence wants computed.
struct OutputSelection {
  std::vector<HiddenSelection> hidden;
  std::optional<PositionSelection> logits;
  std::optional<EmbeddingSelection> embedding;
  std::optional<TopSelection> top;
  bool token_log_probabilities = false;  // only of token ids

  // Whether the output head is needed.
  bool wants_head() const { return logits.has_value() || top.has_value() || token_log_probabilities; }
};

// One sequence of a batch. Exactly one of token_ids and hidden is not empty.
struct SequenceInput {
  std::vector<int32_t> token_ids;  // [T], each in [0, V)
  std::vector<float> hidden;       // [T, C], finite; enters the first layer in place of the embeddings
  int64_t token_count = 0;         // T, in [1, context length]
};

// The k largest logits of each row, the largest first and of equal ones the lower id; NaN counts as minus infinity.
// Log-probabilities are those of the softmax over all logits of the row, NaN where one of these is not finite.
struct TopTokens {
  std::vector<int32_t> ids;              // [rows, k]
  std::vector<float> logits;             // [rows, k]
  std::vector<float> log_probabilities;  // [rows, k]
};

struct SequenceOutput {
  std::vector<std::vector<float>> hidden;  // one [rows, C] for each OutputSelection::hidden, in its order
  std::vector<float> logits;               // [rows, V]
  std::vector<float> embedding;            // [dimensions]
  TopTokens top;
  // [T - 1], of each token but the first, given those before it; NaN where a logit is not finite.
  std::vector<float> token_log_probabilities;
};

// One sequence to compute: borrowed for the length of a call.
struct SequenceTask {
  const SequenceInput* input = nullptr;
  const OutputSelection* selection = nullptr;
  SequenceOutput* output = nullptr;
};

// A loaded model and what computes it.
struct EngineInfo {
  ModelConfig config;
  DataType data_type = DataType::kFloat32;  // of the layers' weights
  int64_t parameter_count = 0;
  std::string weights_sha256;
  std::string isa;                    // oneDNN's name, such as "avx512_core"
  std::string linear_implementation;  // such as "brg_matmul:avx512_core" or "panels:AVX2:f32"
  std::string output_head_implementation;
  std::string vector_target;   // Highway's name, such as "AVX3_ZEN4"
  std::string onednn_version;  // such as "3.7.2"
  int thread_count = 0;
  int64_t max_batch_tokens = 0;
  absl::Duration warm_up;  // the first forward pass, which touches all memory
};

// Threads: Forward by one thread at a time; info by any.
class Engine {
 public:
  virtual ~Engine() = default;

  virtual const EngineInfo& info() const = 0;

  // Computes `batch`, at most info().max_batch_tokens tokens together, and fills every task's output. A sequence's
  // bytes do not depend on the other sequences. `is_abandoned` is asked before every layer, on the calling thread; once
  // it says that nobody waits for the batch any more, the rest is left out and the outputs hold nothing of use. Returns
  // CANCELLED then, else only errors of the engine itself (INTERNAL): inputs are checked before.
  virtual absl::Status Forward(absl::Span<const SequenceTask> batch, absl::FunctionRef<bool()> is_abandoned) = 0;

  // Of a batch that is always waited for.
  absl::Status Forward(absl::Span<const SequenceTask> batch) {
    return Forward(batch, [] { return false; });
  }
};

}  // namespace attnd

#endif  // ENGINE_ENGINE_H_
