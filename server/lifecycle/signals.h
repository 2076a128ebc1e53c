// The signals an operator sends to a server: SIGTERM and SIGINT end it, SIGHUP reloads its model.

#ifndef SERVER_LIFECYCLE_SIGNALS_H_
#define SERVER_LIFECYCLE_SIGNALS_H_

#include <memory>

namespace attnd {

// Keeps the signals from interrupting any thread started after the constructor. Makes the process fit to be process 1:
// the kernel reaps orphans handed to it, and a closed pipe at the other end of the log does not end it.
// Threads: KeepForWait and Wait by one. Owns: a thread, attnd-signals, that lives as long as the process.
class Signals {
 public:
  // Until KeepForWait the first SIGTERM or SIGINT ends the process at once, with exit code 0: nothing has been
  // accepted. Call before any other thread exists.
  Signals();
  ~Signals();

  // From now on the first is kept for Wait. SIGHUP always is; several count as one.
  void KeepForWait();

  // Returns the signal to obey next: SIGHUP, or, at once and for good, SIGTERM or SIGINT. A second one of these ends
  // the process at once, with exit code 130.
  int Wait();

 private:
  class Mailbox;

  const std::shared_ptr<Mailbox> mailbox_;
};

}  // namespace attnd

#endif  // SERVER_LIFECYCLE_SIGNALS_H_
