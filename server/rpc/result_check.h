// A last look at what was computed, before it leaves.

#ifndef SERVER_RPC_RESULT_CHECK_H_
#define SERVER_RPC_RESULT_CHECK_H_

#include "absl/status/status.h"
#include "server/scheduling/request.h"

namespace attnd {

// INTERNAL when an input of token ids gave a number that is not finite: the model or the code that computes it is
// broken. What hidden states of the caller's own give is not looked at, since they can be too large for any model.
// Threads: any.
absl::Status CheckResult(const Request& request);

}  // namespace attnd

#endif  // SERVER_RPC_RESULT_CHECK_H_
