// What computing takes, measured: an exponentially weighted moving average of the time a token takes in full batches,
// and never more than it took in the last batch of any size. Where calls are refused by it until none is computed,
// nothing would measure it again, however wrong it had become: it is doubtful then.

#ifndef SERVER_SCHEDULING_COST_ESTIMATE_H_
#define SERVER_SCHEDULING_COST_ESTIMATE_H_

#include <algorithm>
#include <cstdint>

#include "absl/time/time.h"

namespace attnd {

// Threads: one at a time.
class CostEstimate {
 public:
  // A batch of `tokens` took `duration`. What waits in a queue is computed in batches that are near full; a token of a
  // smaller one takes as long or longer, so that one begins no estimate and raises none. A sample counts for no more
  // than kMaxGrowth times the estimate: the machine, not the model, was stopped for so long.
  void Add(int64_t tokens, absl::Duration duration, bool near_full) {
    refusing_since_ = absl::InfiniteFuture();
    probe_had_ = absl::InfiniteDuration();
    if (duration <= absl::ZeroDuration()) return;  // the clock was set
    const absl::Duration sample = duration / tokens;
    if (!measured_) {
      if (!near_full) return;
      per_token_ = sample;
      measured_ = true;
    } else if (near_full) {
      per_token_ += kWeight * (std::min(sample, kMaxGrowth * per_token_) - per_token_);
    } else {
      per_token_ = std::min(per_token_, sample);
    }
  }

  bool measured() const { return measured_; }

  // A call was refused by it.
  void OnRefused(absl::Time now) { refusing_since_ = std::min(refusing_since_, now); }

  // Whether to compute a call that it refuses, which has so long until its deadline: once calls have been refused for a
  // while and no batch was computed; and after that each call that has longer than the one before, which was too short
  // to be computed.
  bool MayProbe(absl::Time now, absl::Duration remaining) {
    if (now - refusing_since_ < kPatience && remaining <= probe_had_) return false;
    refusing_since_ = now;
    probe_had_ = remaining;
    return true;
  }

  // Zero until something was measured.
  absl::Duration Of(int64_t tokens) const { return tokens * per_token_; }

 private:
  // Of the newest sample: the last five batches make up two thirds.
  static constexpr double kWeight = 0.2;
  static constexpr double kMaxGrowth = 5;
  static constexpr absl::Duration kPatience = absl::Seconds(1);

  absl::Duration per_token_;
  bool measured_ = false;
  absl::Time refusing_since_ = absl::InfiniteFuture();   // and no batch was computed
  absl::Duration probe_had_ = absl::InfiniteDuration();  // until its deadline
};

}  // namespace attnd

#endif  // SERVER_SCHEDULING_COST_ESTIMATE_H_
