// When the calls of an open loop are due.

#ifndef CLIENT_LOAD_ARRIVALS_H_
#define CLIENT_LOAD_ARRIVALS_H_

#include <cstdint>
#include <random>

#include "absl/time/time.h"

namespace attnd::client {

// Poisson arrivals: independent callers that together call `rate_per_s` times a second, with exponentially distributed
// gaps. The same seed gives the same arrivals.
class PoissonArrivals {
 public:
  // Requires rate_per_s > 0.
  PoissonArrivals(double rate_per_s, uint64_t seed);

  // Time of the next arrival, counted from the start of the load; never earlier than the one before.
  absl::Duration Next();

 private:
  std::mt19937_64 random_;
  std::exponential_distribution<double> gap_seconds_;
  absl::Duration last_ = absl::ZeroDuration();
};

}  // namespace attnd::client

#endif  // CLIENT_LOAD_ARRIVALS_H_
