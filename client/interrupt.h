// Ctrl-C as a flag.

#ifndef CLIENT_INTERRUPT_H_
#define CLIENT_INTERRUPT_H_

#include <atomic>

namespace attnd::client {

// From now on the first SIGINT or SIGTERM sets the flag returned; a second one ends the process as usual.
const std::atomic<bool>& StopOnSignal();

}  // namespace attnd::client

#endif  // CLIENT_INTERRUPT_H_
