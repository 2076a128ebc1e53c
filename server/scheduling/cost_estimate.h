// What computing takes, measured: an exponentially weighted moving average of the time a token takes in full batches.

#ifndef SERVER_SCHEDULING_COST_ESTIMATE_H_
#define SERVER_SCHEDULING_COST_ESTIMATE_H_

#include <cstdint>

#include "absl/time/time.h"

namespace attnd {

// Threads: one at a time.
class CostEstimate {
 public:
  // A batch of `tokens` took `duration`. Only of batches that are near full: a token of a small one takes longer, and
  // what waits in a queue is computed in full ones.
  void Add(int64_t tokens, absl::Duration duration) {
    const absl::Duration sample = duration / tokens;
    per_token_ = measured_ ? per_token_ + kWeight * (sample - per_token_) : sample;
    measured_ = true;
  }

  bool measured() const { return measured_; }

  // Zero until something was measured.
  absl::Duration Of(int64_t tokens) const { return tokens * per_token_; }

 private:
  // Of the newest sample: the last five batches make up two thirds.
  static constexpr double kWeight = 0.2;

  absl::Duration per_token_;
  bool measured_ = false;
};

}  // namespace attnd

#endif  // SERVER_SCHEDULING_COST_ESTIMATE_H_
