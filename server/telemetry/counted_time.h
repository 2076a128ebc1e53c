// What a histogram of seconds has counted.

#ifndef SERVER_TELEMETRY_COUNTED_TIME_H_
#define SERVER_TELEMETRY_COUNTED_TIME_H_

#include <prometheus/histogram.h>

#include <cstdint>

#include "absl/time/time.h"
#include "server/telemetry/metrics.h"

namespace attnd {

inline void AddTo(CountedTime& sum, const prometheus::Histogram& seconds) {
  const auto collected = seconds.Collect().histogram;
  sum.count += static_cast<int64_t>(collected.sample_count);
  sum.total += absl::Seconds(collected.sample_sum);
}

}  // namespace attnd

#endif  // SERVER_TELEMETRY_COUNTED_TIME_H_
