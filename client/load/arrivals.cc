#include "client/load/arrivals.h"

namespace attnd::client {

PoissonArrivals::PoissonArrivals(double rate_per_s, uint64_t seed) : random_(seed), gap_seconds_(rate_per_s) {}

absl::Duration PoissonArrivals::Next() {
  last_ += absl::Seconds(gap_seconds_(random_));
  return last_;
}

}  // namespace attnd::client
