// Percentiles of any number of durations in a fixed amount of memory.

#ifndef CLIENT_LOAD_LATENCY_SUMMARY_H_
#define CLIENT_LOAD_LATENCY_SUMMARY_H_

#include <cstdint>
#include <vector>

#include "absl/time/time.h"

namespace attnd::client {

// Of `count` values in ascending order, the place, from 1 on, of the first that at least `percent` of all are at or
// below. `percent` is rounded to hundredths, with which it is exact. Requires 0 < percent <= 100 and count <= 9e14.
int64_t PercentileRank(double percent, int64_t count);

// A histogram whose buckets grow by half a percent, from a microsecond to thirty days. Durations outside count as the
// nearest of these; the largest is kept exactly.
class LatencySummary {
 public:
  LatencySummary();

  void Add(absl::Duration duration);

  int64_t count() const { return count_; }
  absl::Duration max() const { return max_; }

  // The smallest duration that at least `percent` of all are at or below, at most half a percent too high. Zero when
  // there are none. Requires what PercentileRank does.
  absl::Duration Percentile(double percent) const;

  // How many are at or below `duration`; some that are above it by half a percent at most may be counted with them.
  int64_t CountAtOrBelow(absl::Duration duration) const;

 private:
  std::vector<int64_t> buckets_;
  int64_t count_ = 0;
  absl::Duration max_ = absl::ZeroDuration();
};

}  // namespace attnd::client

#endif  // CLIENT_LOAD_LATENCY_SUMMARY_H_
