#include "server/lifecycle/termination.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <string_view>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace attnd {

// What the thread that waits for signals and the one that waits for it share.
class TerminationSignals::Mailbox {
 public:
  void Open() {
    const absl::MutexLock lock(&mutex_);
    open_ = true;
  }

  // Returns false when nobody will ask for `signal`.
  bool Put(int signal) {
    const absl::MutexLock lock(&mutex_);
    if (open_) signal_ = signal;
    return open_;
  }

  int Take() {
    const absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(+[](int* signal) { return *signal != 0; }, &signal_));
    return signal_;
  }

 private:
  absl::Mutex mutex_;
  bool open_ ABSL_GUARDED_BY(mutex_) = false;
  int signal_ ABSL_GUARDED_BY(mutex_) = 0;
};

namespace {

constexpr int kNothingLost = 0;
constexpr int kInterrupted = 130;

sigset_t Signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

int WaitForOne() {
  const sigset_t signals = Signals();
  int signal = 0;
  sigwait(&signals, &signal);
  return signal;
}

void End(std::string_view text, int exit_code) {
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
  _exit(exit_code);
}

}  // namespace

TerminationSignals::TerminationSignals() : mailbox_(std::make_shared<Mailbox>()) {
  const sigset_t signals = Signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([mailbox = mailbox_] {
    pthread_setname_np(pthread_self(), "attnd-signals");
    if (!mailbox->Put(WaitForOne())) End("attnd: ended by a signal before it served\n", kNothingLost);
    WaitForOne();
    End("attnd: second signal, ending without draining\n", kInterrupted);
  }).detach();
}

TerminationSignals::~TerminationSignals() = default;

void TerminationSignals::KeepForWait() { mailbox_->Open(); }

const char* TerminationSignals::Wait() { return mailbox_->Take() == SIGTERM ? "SIGTERM" : "SIGINT"; }

}  // namespace attnd
