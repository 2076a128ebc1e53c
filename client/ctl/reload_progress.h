// That a reload is under way, on standard error while it is.

#ifndef CLIENT_CTL_RELOAD_PROGRESS_H_
#define CLIENT_CTL_RELOAD_PROGRESS_H_

#include <thread>

#include "absl/synchronization/notification.h"

namespace attnd::client {

// From construction to destruction: seconds that count on a terminal, one line elsewhere.
// Owns: a thread.
class ReloadProgress {
 public:
  ReloadProgress();
  ~ReloadProgress();

  ReloadProgress(const ReloadProgress&) = delete;
  ReloadProgress& operator=(const ReloadProgress&) = delete;

 private:
  void CountOnTerminal();

  absl::Notification finished_;
  std::thread thread_;
};

}  // namespace attnd::client

#endif  // CLIENT_CTL_RELOAD_PROGRESS_H_
