// Upper bounds of histogram buckets.

#ifndef SERVER_TELEMETRY_BUCKETS_H_
#define SERVER_TELEMETRY_BUCKETS_H_

#include <cstdint>
#include <vector>

namespace attnd {

// Seconds, for every stage alike so that stages can be subtracted.
inline std::vector<double> LatencyBuckets() {
  return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48};
}

// Powers of two up to the first that is at least `limit`.
inline std::vector<double> PowerOfTwoBuckets(int64_t limit) {
  std::vector<double> buckets = {1};
  while (buckets.back() < static_cast<double>(limit)) buckets.push_back(2 * buckets.back());
  return buckets;
}

}  // namespace attnd

#endif  // SERVER_TELEMETRY_BUCKETS_H_
