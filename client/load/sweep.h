// Which rates to offer so as to find the knee: the highest load that the servers keep up with.

#ifndef CLIENT_LOAD_SWEEP_H_
#define CLIENT_LOAD_SWEEP_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/load/load_record.h"

namespace attnd::client {

struct SweepOptions {
  double first_per_second = 1;  // calls, of the first step; above 0
  double factor = 1.4;          // from step to step; above 1
  // Of the 99th percentile, beyond which a step is too much; InfiniteDuration: none.
  absl::Duration latency_limit = absl::InfiniteDuration();
  int max_steps = 30;
};

// Why the servers did not keep up with a step; empty where they did, and where no call was due, which tells nothing.
// They keep up while nine tenths of the calls that are due are answered OK in time, as LoadPoint::ok_in_time has it,
// and the 99th percentile of latency is within the limit.
std::string WhyTooMuch(const LoadPoint& point, absl::Duration latency_limit);

// Rates rise by the factor until a step is too much, go one step further, which shows what happens there, and then come
// nearer to the knee in between. Where the first is too much they fall first. Threads: one.
class Sweep {
 public:
  explicit Sweep(const SweepOptions& options) : options_(options) {}

  // Calls per second of the next step; nothing once the knee is found, or there have been too many.
  std::optional<double> NextRate() const;

  // What came of that rate.
  void Add(LoadPoint point);

  // By rising load.
  const std::vector<LoadPoint>& points() const { return points_; }
  // Never at a step in which no call was due.
  Knee knee() const;

 private:
  // Positions in points_: the lowest that is too much; points_.size() where none is.
  size_t FirstTooMuch() const;

  const SweepOptions options_;
  std::vector<LoadPoint> points_;
};

}  // namespace attnd::client

#endif  // CLIENT_LOAD_SWEEP_H_
