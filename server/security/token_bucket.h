// A rate with a burst: a bucket of tokens that fills steadily, and calls take theirs out of it.

#ifndef SERVER_SECURITY_TOKEN_BUCKET_H_
#define SERVER_SECURITY_TOKEN_BUCKET_H_

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/scheduling/clock.h"

namespace attnd {

// Threads: any.
class TokenBucket {
 public:
  // Holds `burst_tokens` at first and at most, and gains `tokens_per_second`; both at least 1. `clock` must outlive it.
  TokenBucket(int64_t tokens_per_second, int64_t burst_tokens, const Clock& clock);

  // Takes `count`, at most the burst, and returns zero; or takes nothing and returns after how long they will be there,
  // if nobody else takes them.
  absl::Duration Take(int64_t count);

  // Gives back what was taken for a call that was not accepted.
  void Return(int64_t count);

 private:
  absl::Duration TimeToFill(int64_t count) const { return absl::Seconds(count) / tokens_per_second_; }

  const int64_t tokens_per_second_;
  const absl::Duration time_to_fill_burst_;
  const Clock& clock_;
  absl::Mutex mutex_;
  // Instead of a level: it needs no refilling, and what a caller is told to wait is exact.
  absl::Time full_at_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::Time seen_at_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace attnd

#endif  // SERVER_SECURITY_TOKEN_BUCKET_H_
