#include "client/load/latency_summary.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <numeric>

namespace attnd::client {
namespace {

constexpr double kGrowth = 1.005;
constexpr absl::Duration kShortest = absl::Microseconds(1);
constexpr absl::Duration kLongest = absl::Hours(30 * 24);

// Bucket b > 0 holds durations in (UpperBound(b - 1), UpperBound(b)], bucket 0 everything up to kShortest.
size_t BucketOf(absl::Duration duration) {
  const double ratio = absl::FDivDuration(std::clamp(duration, kShortest, kLongest), kShortest);
  return static_cast<size_t>(std::ceil(std::log(ratio) / std::log(kGrowth)));
}

absl::Duration UpperBound(size_t bucket) { return kShortest * std::pow(kGrowth, static_cast<double>(bucket)); }

}  // namespace

int64_t PercentileRank(double percent, int64_t count) {
  constexpr int64_t kAll = 10'000;  // hundredths
  const int64_t hundredths = std::llround(percent * 100);
  return (hundredths * count + kAll - 1) / kAll;
}

LatencySummary::LatencySummary() : buckets_(BucketOf(kLongest) + 1) {}

void LatencySummary::Add(absl::Duration duration) {
  ++buckets_[BucketOf(duration)];
  ++count_;
  max_ = std::max(max_, duration);
}

absl::Duration LatencySummary::Percentile(double percent) const {
  const int64_t rank = PercentileRank(percent, count_);
  int64_t at_or_below = 0;
  for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    at_or_below += buckets_[bucket];
    if (at_or_below > 0 && at_or_below >= rank) return std::min(UpperBound(bucket), max_);
  }
  return max_;
}

int64_t LatencySummary::CountAtOrBelow(absl::Duration duration) const {
  const auto end = std::next(buckets_.begin(), static_cast<std::ptrdiff_t>(BucketOf(duration)) + 1);
  return std::accumulate(buckets_.begin(), end, int64_t{0});
}

}  // namespace attnd::client
