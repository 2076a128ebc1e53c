// How long a call takes.

#ifndef CLIENT_CTL_STOPWATCH_H_
#define CLIENT_CTL_STOPWATCH_H_

#include <chrono>

#include "absl/time/time.h"

namespace attnd::client {

// Runs from its construction on.
class Stopwatch {
 public:
  absl::Duration Elapsed() const { return absl::FromChrono(std::chrono::steady_clock::now() - start_); }

 private:
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace attnd::client

#endif  // CLIENT_CTL_STOPWATCH_H_
