// That something takes a while, on standard error while it does.

#ifndef CLIENT_STEP_PROGRESS_H_
#define CLIENT_STEP_PROGRESS_H_

#include <atomic>
#include <string>
#include <thread>

#include "absl/synchronization/notification.h"

namespace attnd::client {

// From construction to destruction: on a terminal one line with the seconds that have passed, and a bar once something
// is known to be done; elsewhere one line at the start, and one now and then once something is.
// Threads: Set by any. Owns: a thread.
class StepProgress {
 public:
  // `what` is being done, such as "writing DIR".
  explicit StepProgress(std::string what);
  ~StepProgress();

  StepProgress(const StepProgress&) = delete;
  StepProgress& operator=(const StepProgress&) = delete;

  // The share that is done, in [0, 1].
  void Set(double fraction) { fraction_ = fraction; }

 private:
  void DrawOnTerminal();
  void WriteLines();

  const std::string what_;
  std::atomic<double> fraction_ = 0;
  absl::Notification finished_;
  std::thread thread_;
};

}  // namespace attnd::client

#endif  // CLIENT_STEP_PROGRESS_H_
