// Something done again and again, on a thread of its own.

#ifndef SERVER_SECURITY_PERIODIC_TASK_H_
#define SERVER_SECURITY_PERIODIC_TASK_H_

#include <thread>

#include "absl/functional/any_invocable.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

namespace attnd {

// Owns: the thread, attnd-reread.
class PeriodicTask {
 public:
  // Runs `task` every `interval`, first after one.
  PeriodicTask(absl::Duration interval, absl::AnyInvocable<void()> task);
  // Returns once `task` runs no more.
  ~PeriodicTask();

 private:
  absl::Notification stopped_;
  std::thread thread_;
};

}  // namespace attnd

#endif  // SERVER_SECURITY_PERIODIC_TASK_H_
