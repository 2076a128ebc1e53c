// Keeps a call that needs more memory than there is from ending the process.

#ifndef SERVER_SCHEDULING_WITHIN_MEMORY_H_
#define SERVER_SCHEDULING_WITHIN_MEMORY_H_

#include <new>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/scheduling/retry_hint.h"

namespace attnd {

// What `work` returns, an absl::Status or StatusOr; RESOURCE_EXHAUSTED where an allocation fails in it.
template <typename Work>
std::invoke_result_t<Work> WithinMemory(Work work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    absl::Status status =
        absl::ResourceExhaustedError("this server has not enough memory for the call; send less in one call");
    SetRetryDelay(absl::InfiniteDuration(), status);
    return status;
  }
}

}  // namespace attnd

#endif  // SERVER_SCHEDULING_WITHIN_MEMORY_H_
