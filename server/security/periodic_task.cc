#include "server/security/periodic_task.h"

#include <pthread.h>

#include <utility>

namespace attnd {

PeriodicTask::PeriodicTask(absl::Duration interval, absl::AnyInvocable<void()> task)
    : thread_([this, interval, task = std::move(task)]() mutable {
        pthread_setname_np(pthread_self(), "attnd-reread");
        while (!stopped_.WaitForNotificationWithTimeout(interval)) task();
      }) {}

PeriodicTask::~PeriodicTask() {
  stopped_.Notify();
  thread_.join();
}

}  // namespace attnd
