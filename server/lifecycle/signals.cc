#include "server/lifecycle/signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <string_view>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace attnd {

// What the thread that waits for signals and the one that waits for it share.
class Signals::Mailbox {
 public:
  void Open() {
    const absl::MutexLock lock(&mutex_);
    open_ = true;
  }

  void PutReload() {
    const absl::MutexLock lock(&mutex_);
    reload_ = true;
  }

  // Returns false when nobody will ask for `signal`.
  bool PutEnd(int signal) {
    const absl::MutexLock lock(&mutex_);
    if (open_) end_ = signal;
    return open_;
  }

  int Take() {
    const absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(this, &Mailbox::HasMail));
    if (end_ != 0) return end_;
    reload_ = false;
    return SIGHUP;
  }

 private:
  bool HasMail() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return end_ != 0 || reload_; }

  absl::Mutex mutex_;
  bool open_ ABSL_GUARDED_BY(mutex_) = false;
  bool reload_ ABSL_GUARDED_BY(mutex_) = false;
  int end_ ABSL_GUARDED_BY(mutex_) = 0;
};

namespace {

constexpr int kNothingLost = 0;
constexpr int kInterrupted = 130;

sigset_t Awaited() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  return signals;
}

int WaitForOne() {
  const sigset_t signals = Awaited();
  int signal = 0;
  sigwait(&signals, &signal);
  return signal;
}

void End(std::string_view text, int exit_code) {
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
  _exit(exit_code);
}

}  // namespace

Signals::Signals() : mailbox_(std::make_shared<Mailbox>()) {
  signal(SIGCHLD, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  const sigset_t signals = Awaited();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([mailbox = mailbox_] {
    pthread_setname_np(pthread_self(), "attnd-signals");
    for (bool ending = false;;) {
      const int signal = WaitForOne();
      if (signal == SIGHUP) {
        mailbox->PutReload();
      } else if (ending) {
        End("attnd: second signal, ending without draining\n", kInterrupted);
      } else if (!mailbox->PutEnd(signal)) {
        End("attnd: ended by a signal before it served\n", kNothingLost);
      } else {
        ending = true;
      }
    }
  }).detach();
}

Signals::~Signals() = default;

void Signals::KeepForWait() { mailbox_->Open(); }

int Signals::Wait() { return mailbox_->Take(); }

}  // namespace attnd
