#include "server/termination.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <string_view>
#include <thread>

namespace attnd {
namespace {

constexpr int kExitCode = 130;

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

void EndOnSecond() {
  pthread_setname_np(pthread_self(), "attnd-signals");
  WaitForOne();
  constexpr std::string_view kText = "attnd: second signal, ending without draining\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kText.data(), kText.size());
  _exit(kExitCode);
}

}  // namespace

TerminationSignals::TerminationSignals() {
  const sigset_t signals = Signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

const char* TerminationSignals::Wait() {
  const char* name = WaitForOne() == SIGTERM ? "SIGTERM" : "SIGINT";
  std::thread(EndOnSecond).detach();
  return name;
}

}  // namespace attnd
