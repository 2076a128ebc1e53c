// Waiting for the signals that end a server.

#ifndef SERVER_TERMINATION_H_
#define SERVER_TERMINATION_H_

namespace attnd {

// SIGTERM and SIGINT, kept from interrupting any thread started after the constructor.
class TerminationSignals {
 public:
  // Call before any other thread exists.
  TerminationSignals();

  // Returns the name of the first to arrive. A second one then ends the process at once, with exit code 130.
  const char* Wait();
};

}  // namespace attnd

#endif  // SERVER_TERMINATION_H_
