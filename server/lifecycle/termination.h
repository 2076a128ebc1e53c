// The signals that end a server, SIGTERM and SIGINT.

#ifndef SERVER_LIFECYCLE_TERMINATION_H_
#define SERVER_LIFECYCLE_TERMINATION_H_

#include <memory>

namespace attnd {

// Keeps the signals from interrupting any thread started after the constructor.
// Threads: KeepForWait and Wait by one. Owns: a thread, attnd-signals, that lives as long as the process.
class TerminationSignals {
 public:
  // Until KeepForWait the first signal ends the process at once, with exit code 0: nothing has been accepted. Call
  // before any other thread exists.
  TerminationSignals();
  ~TerminationSignals();

  // From now on the first signal is kept for Wait.
  void KeepForWait();

  // Returns the name of the first to arrive. A second one ends the process at once, with exit code 130.
  const char* Wait();

 private:
  class Mailbox;

  const std::shared_ptr<Mailbox> mailbox_;
};

}  // namespace attnd

#endif  // SERVER_LIFECYCLE_TERMINATION_H_
