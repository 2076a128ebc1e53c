#include "server/periodic_task.h"

#include <pthread.h>

#include <utility>

namespace attnd {

PeriodicTask::PeriodicTask(const char* thread_name, absl::Duration interval, absl::AnyInvocable<void()> task)
    : thread_([this, thread_name, interval, task = std::move(task)]() mutable {
        pthread_setname_np(pthread_self(), thread_name);
        while (!stopped_.WaitForNotificationWithTimeout(interval)) task();
      }) {}

PeriodicTask::~PeriodicTask() {
  stopped_.Notify();
  thread_.join();
}

}  // namespace attnd
