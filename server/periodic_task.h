// Something done again and again, on a thread of its own.

#ifndef SERVER_PERIODIC_TASK_H_
#define SERVER_PERIODIC_TASK_H_

#include <thread>

#include "absl/functional/any_invocable.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

namespace attnd {

// Owns: the thread.
class PeriodicTask {
 public:
  // Runs `task` every `interval`, first after one, on a thread of that name, which has at most 15 characters.
  PeriodicTask(const char* thread_name, absl::Duration interval, absl::AnyInvocable<void()> task);
  // Returns once `task` runs no more.
  ~PeriodicTask();

 private:
  absl::Notification stopped_;
  std::thread thread_;
};

}  // namespace attnd

#endif  // SERVER_PERIODIC_TASK_H_
