#include "server/security/token_bucket.h"

#include <algorithm>

namespace attnd {

TokenBucket::TokenBucket(int64_t tokens_per_second, int64_t burst_tokens, const Clock& clock)
    : tokens_per_second_(tokens_per_second),
      time_to_fill_burst_(TimeToFill(burst_tokens)),
      clock_(clock),
      seen_at_(clock.Now()) {}

absl::Duration TokenBucket::Take(int64_t count) {
  const absl::MutexLock lock(&mutex_);
  const absl::Time now = clock_.Now();
  // A clock that is set back neither gives nor takes.
  if (now < seen_at_) full_at_ -= seen_at_ - now;
  seen_at_ = now;
  const absl::Time full_at = std::max(full_at_, now) + TimeToFill(count);
  const absl::Duration wait = full_at - time_to_fill_burst_ - now;
  if (wait > absl::ZeroDuration()) return absl::Ceil(wait, absl::Nanoseconds(1));
  full_at_ = full_at;
  return absl::ZeroDuration();
}

void TokenBucket::Return(int64_t count) {
  const absl::MutexLock lock(&mutex_);
  full_at_ -= TimeToFill(count);
}

}  // namespace attnd
