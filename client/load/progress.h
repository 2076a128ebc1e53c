// How far a load has come, on standard error while it runs.

#ifndef CLIENT_LOAD_PROGRESS_H_
#define CLIENT_LOAD_PROGRESS_H_

#include <cstdint>
#include <string>
#include <thread>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "client/load/load_statistics.h"

namespace attnd::client {

// One line: a bar, seconds, counts, and `rate_per_s`, the calls that completed lately. `fraction` is in [0, 1].
std::string ProgressLine(double fraction, absl::Duration elapsed, absl::Duration duration, const LoadCounts& counts,
                         double rate_per_s);

// Reports from construction to destruction: a bar that redraws itself on a terminal, a line now and then elsewhere.
//
// Owns: a thread. `statistics` must outlive it.
class Progress {
 public:
  // `label` comes before each line.
  Progress(std::string label, absl::Duration duration, int64_t max_requests, const LoadStatistics& statistics);
  ~Progress();

  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  void Report();

  const std::string label_;
  const absl::Duration duration_;
  const int64_t max_requests_;
  const LoadStatistics& statistics_;
  absl::Notification finished_;
  std::thread thread_;
};

}  // namespace attnd::client

#endif  // CLIENT_LOAD_PROGRESS_H_
